/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Passwords: owns where the password of a key comes from: the first line of a file or a descriptor, else the
 * terminal, without echo. It refuses empty and over-long ones and NUL bytes, and never takes one from an argument.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

/* Reads up to the first line break or the end. */
static int read_line(int fd, char *password, size_t size, struct ha_error *err)
{
    size_t len = 0;
    for (;;) {
        char byte;
        ssize_t got = read(fd, &byte, 1);
        if (got < 0 && errno == EINTR && *cli_interrupted() == 0)
            continue;
        if (got < 0 && errno == EINTR)
            return cli_fail(err, *cli_interrupted() == SIGTERM ? HA_E_TERMINATED : HA_E_INTERRUPTED,
                            "stopped while reading the password");
        if (got < 0)
            return cli_fail(err, HA_E_KEY, "the password cannot be read: %s", strerror(errno));
        if (got == 0 || byte == '\n')
            break;
        if (byte == '\0' || len + 1 >= size)
            return cli_fail(err, HA_E_KEY, byte ? "the password is too long" : "the password has a NUL byte");
        password[len++] = byte;
    }
    if (len > 0 && password[len - 1] == '\r')
        len--;
    password[len] = '\0';
    return len > 0 ? 0 : cli_fail(err, HA_E_KEY, "the password is empty");
}

static int read_from(const char *place, char *password, size_t size, struct ha_error *err)
{
    int fd, kind = cli_descriptor(place, &fd);
    if (kind < 0)
        return cli_fail(err, HA_E_KEY, "the password: '%s' is no open descriptor", place);
    if (kind == 0)
        fd = open(place, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cli_fail(err, HA_E_KEY, "the password file %s cannot be opened: %s", place, strerror(errno));
    int result = read_line(fd, password, size, err);
    if (kind == 0)
        close(fd);
    return result;
}

static void say(int tty, const char *text)
{
    ssize_t written = write(tty, text, strlen(text));
    (void)written;
}

/* The signals are caught while the echo is off, so that it always comes back on. */
static int ask_on(int tty, char *password, size_t size, struct ha_error *err)
{
    struct termios before, silent;
    struct sigaction on_int, on_term;
    if (tcgetattr(tty, &before))
        return cli_fail(err, HA_E_KEY, "the password cannot be asked for: %s", strerror(errno));
    sigaction(SIGINT, NULL, &on_int);
    sigaction(SIGTERM, NULL, &on_term);
    cli_catch_signals();
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    int result = -1;
    if (tcsetattr(tty, TCSAFLUSH, &silent)) {
        cli_fail(err, HA_E_KEY, "the terminal's echo cannot be switched off: %s", strerror(errno));
    } else {
        say(tty, "Password of the signing key (unlocking takes 1 GiB of memory): ");
        result = read_line(tty, password, size, err);
        tcsetattr(tty, TCSAFLUSH, &before);
        say(tty, "\n");
    }
    sigaction(SIGINT, &on_int, NULL);
    sigaction(SIGTERM, &on_term, NULL);
    return result;
}

int cli_password(void *context, char *password, size_t size, struct ha_error *err)
{
    int result;
    if (context) {
        result = read_from(context, password, size, err);
    } else {
        int tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
        if (tty < 0)
            return cli_fail(err, HA_E_KEY,
                            "the key has a password, and there is no terminal to ask on; give it with "
                            "--key-password-file");
        result = ask_on(tty, password, size, err);
        close(tty);
    }
    if (result)
        explicit_bzero(password, size);
    return result;
}
