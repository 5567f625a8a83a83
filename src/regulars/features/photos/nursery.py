"""The program that decoders are forked from: it has loaded what they need, and never sees a photo itself.

Starting an interpreter and loading Pillow takes a quarter of the time that a photo takes; forking takes a
hundredth. Each decoder is a process of its own all the same, decodes one photo and ends. Like decoding.py,
this imports nothing of Regulars.

The first argument names the descriptor of a socket, on which arrives one byte with one descriptor: a socket
that leads to whoever has the photo. A decoder is forked for it, whose number goes back as four bytes. It
reads from that socket a length (four bytes) and so many bytes of arguments, and is then the program that the
second argument names, with the socket for standard input and output. A byte without a descriptor ends the
nursery and lets its decoders finish; when the other side is gone, they end too.
"""

import gc
import os
import random
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import CodeType

NUMBER = struct.Struct("!I")
SESSION_NICE = 15
"""A thirtieth of what others get while they want all, and all that they leave. At 10, the slowest requests
took three times as long during uploads as without, at 15 not twice; at 19 it is no better, and photos would
starve on a machine that is never idle."""
ATTEMPTS_MAX = 50


def main(descriptor: int, path: str) -> None:
    """Forks a decoder for every socket that arrives."""
    # The kernel clears up after decoders: what they have to say, they say to whoever has the photo.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    control = socket.socket(fileno=descriptor)
    program = compile(Path(path).read_bytes(), path, "exec")
    load_pillow()
    let_others_go_first()
    # Objects that are never looked at again need not be copied for every decoder.
    gc.collect()
    gc.freeze()
    while True:
        said, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not said:
            os.killpg(0, signal.SIGKILL)
        if not descriptors:
            return
        process = os.fork()
        if process == 0:
            control.close()
            become(program, path, descriptors[0])
        os.close(descriptors[0])
        control.sendall(NUMBER.pack(process))


def let_others_go_first() -> None:
    """Gives the session, which this process was started in and nobody else is in, a low priority.

    Linux divides the processor among sessions first where it has no groups to divide it among: what a process
    says of itself counts within its own, and decoders would get as much as the whole server.
    """
    for _ in range(ATTEMPTS_MAX):
        try:
            Path("/proc/self/autogroup").write_text(str(SESSION_NICE))
        except BlockingIOError:
            # One ordinary user in the whole system may say so within a tenth of a second.
            time.sleep(random.uniform(0.05, 0.15))  # noqa: S311
        except OSError:
            return
        else:
            return


def load_pillow() -> None:
    """Loads all that Pillow loads late, by making pictures of a few pixels and reading them."""
    with suppress(ImportError):
        import io

        from PIL import Image, ImageCms, WebPImagePlugin  # noqa: F401

        for kind in ("JPEG", "PNG", "GIF", "WEBP"):
            file = io.BytesIO()
            Image.new("RGB", (16, 16)).save(file, kind)
            with Image.open(file, formats=[kind]) as image:
                image.thumbnail((8, 8), reducing_gap=2.0)


def become(program: CodeType, path: str, descriptor: int) -> None:
    """Turns this process into the program, and never comes back."""
    status = 1
    # Whatever happens in here, the loop above must not go on in this process.
    with suppress(BaseException):
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(descriptor, 0)
        os.dup2(descriptor, 1)
        os.close(descriptor)
        (length,) = NUMBER.unpack(received(NUMBER.size))
        sys.argv = [path, received(length).decode()]
        exec(program, {"__name__": "__main__", "__file__": path})  # noqa: S102
        sys.stdout.flush()
        status = 0
    os._exit(status)


def received(length: int) -> bytes:
    """So many bytes of standard input, and not one more: the rest is the program's to read."""
    parts = b""
    while len(parts) < length and (part := os.read(0, length - len(parts))):
        parts += part
    return parts


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
