"""/control: how a test looks into the server and steers it.

It owns these addresses on the listener `main`, and the listener `control`, which has nothing else: a rule at the stage
accept cannot spoil that one. They need no credential, suffer no faults and are not in the journal.

    GET  /control/log?after=N     the journal behind entry N, as JSON Lines
    GET  /control/counts          { target: number of requests }
    POST /control/scenario        another scenario; everything begins anew (400 and a sentence when it makes no sense)
    POST /control/reset           counts, journal and tokens begin anew, and the clock is right again
    POST /control/expire          all tokens are bad from now on
    POST /control/clock?ahead=N   the clock of tokens, signatures and the header Date is N seconds ahead
    POST /control/stop            the end
"""

from messages import Answer, Refused

PREFIX = "/control/"
LISTENER = "control"


def is_control(request):
    return request.listener.name == LISTENER or (request.listener.name == "main" and request.local.startswith(PREFIX))


def answer(request, server):
    try:
        return deed(request, server, request.path.removeprefix(PREFIX))
    except Refused as refused:
        return refused.answer()
    except ValueError as error:
        return Answer(400, {"error": {"code": "bad_request", "about": str(error)}})


def deed(request, server, word):
    scenario = server.scenario
    if request.method == "GET" and word == "log":
        text = scenario.journal.lines(request.number("after", 0))
        return Answer(body=text.encode("utf-8"), headers=[("Content-Type", "application/jsonl")])
    if request.method == "GET" and word == "counts":
        return Answer(document=scenario.journal.counts())
    deeds = {
        "scenario": lambda: server.take(request.body.decode("utf-8")),
        "reset": server.reset,
        "expire": scenario.auth.expire,
        "clock": lambda: server.clock.set(int(request.query.get("ahead", "0"))),
        "stop": server.stopping.set,
    }
    if request.method != "POST" or word not in deeds:
        raise Refused(404, "not_found", request.path)
    deeds[word]()
    return Answer(document={"done": word})
