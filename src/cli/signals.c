/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals: owns the number of the signal that wants the run to stop. The handler does nothing but note it, and
 * system calls are not restarted, so that whoever waits for something notices.
 */
#include <signal.h>

#include "cli.h"

static volatile int interrupted;

static void note(int number)
{
    interrupted = number;
}

void cli_catch_signals(void)
{
    struct sigaction action = {.sa_handler = note};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

const volatile int *cli_interrupted(void)
{
    return &interrupted;
}
