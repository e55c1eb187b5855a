"""A terminal with a user at it: master_pty.py <keys> <texts> <command...>

Runs the command as a shell with job control does: in the foreground of a pseudo-terminal, with a leader of the
session that stays. Waits until the terminal shows all of the texts (a JSON list), types the keys, and prints as JSON
how the command ended, what the terminal had shown before the keys and after them, and whether the terminal's own
settings are as before.
"""

import json
import os
import pty
import select
import signal
import sys
import termios
import time

DEADLINE_S = 20
keys, texts, command = sys.argv[1].encode(), json.loads(sys.argv[2]), sys.argv[3:]
report_in, report_out = os.pipe()
leader, terminal = pty.fork()
if leader == 0:
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    before = termios.tcgetattr(0)
    # the command waits for this until it is in the foreground
    go_in, go_out = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(go_out)
        os.read(go_in, 1)
        for number in (signal.SIGTTOU, signal.SIGINT, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        os.execvp(command[0], command)
    os.setpgid(pid, pid)
    os.tcsetpgrp(0, pid)
    os.close(go_out)
    status = os.waitpid(pid, 0)[1]
    code = os.waitstatus_to_exitcode(status)
    end = {"status": code if code >= 0 else None, "signal": -code if code < 0 else None}
    os.tcsetpgrp(0, os.getpid())
    end["isRestored"] = termios.tcgetattr(0) == before
    os.write(report_out, json.dumps(end).encode())
    os._exit(0)

os.close(report_out)
shown = b""
typed_at = None
deadline = time.monotonic() + DEADLINE_S
while time.monotonic() < deadline:
    if terminal in select.select([terminal], [], [], 0.1)[0]:
        try:
            data = os.read(terminal, 65536)
        except OSError:
            break  # nobody has it open any more
        shown += data
    if typed_at is None and all(text.encode() in shown for text in texts):
        typed_at = len(shown)
        os.write(terminal, keys)
else:
    os.close(terminal)  # hangs up
    sys.exit(f"the command did not end: {shown!r}")
at = len(shown) if typed_at is None else typed_at
result = json.loads(os.read(report_in, 4096) or b"{}")
result["before"], result["after"] = shown[:at].decode(errors="replace"), shown[at:].decode(errors="replace")
print(json.dumps(result))
