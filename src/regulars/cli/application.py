"""What uvicorn imports in every process that answers requests."""

import multiprocessing
import os
import signal
import threading
from multiprocessing.process import BaseProcess
from typing import Any


def create() -> Any:
    """The application, made from the settings in the environment."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True, name="parent").start()

    from regulars.app import application_from_environment

    return application_from_environment()


def _end_with(parent: BaseProcess) -> None:
    """Stops this worker when its parent was killed: nobody else would, and it would keep the port."""
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
