"""A photo to measure with, and what Pillow alone takes for the work that a server does with it."""

import io
import multiprocessing
import os
import time
from multiprocessing.connection import Connection

from PIL import Image, ImageChops

from regulars.bench.measure import Measured, percentile
from regulars.features.photos import decoding
from regulars.features.photos.decoder import arguments_of
from regulars.features.photos.model import PhotoLimits
from regulars.features.photos.nursery import let_others_go_first

WIDTH, HEIGHT = 4000, 3000
GRAIN = 22
"""How coarse the noise is that makes it compress as photos do: to 3 or 4 bits a pixel."""
QUALITY = 90


def photo_of_12_megapixels() -> bytes:
    """A JPEG as a telephone takes it: 4,000 × 3,000 pixels, 4 to 5 MB."""
    size = (WIDTH, HEIGHT)
    noise = Image.effect_noise(size, GRAIN)
    across = Image.linear_gradient("L").resize(size)
    around = Image.radial_gradient("L").resize(size)
    mirrored = noise.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    bands = [
        ImageChops.add(noise, across, scale=2),
        ImageChops.add(noise, around, scale=2),
        ImageChops.add(mirrored, across.transpose(Image.Transpose.ROTATE_180), scale=2),
    ]
    file = io.BytesIO()
    Image.merge("RGB", bands).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def measure_pillow(picture: bytes, cores: int, seconds: float) -> Measured:
    """Photos per second of so many processes, each of which decodes one after the other and nothing else."""
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for _ in range(cores):
        ours, theirs = context.Pipe()
        processes.append(context.Process(target=_decode_again_and_again, args=(theirs, picture, seconds)))
        processes[-1].start()
        theirs.close()
        pipes.append(ours)
    # All begin when the last one has loaded what it needs.
    for pipe in pipes:
        pipe.recv()
    for pipe in pipes:
        pipe.send(None)
    milliseconds = [pipe.recv() for pipe in pipes]
    for process in processes:
        process.join()
    rate = sum(len(taken) / (sum(taken) / 1000) for taken in milliseconds)
    ascending = sorted(value for taken in milliseconds for value in taken)
    return Measured(rate, percentile(ascending, 0.5), percentile(ascending, 0.99))


def _decode_again_and_again(pipe: Connection, picture: bytes, seconds: float) -> None:
    if hasattr(os, "nice"):
        # Decoders have these priorities too. Whatever else the machine does takes from both alike.
        os.setsid()
        let_others_go_first()
        os.nice(decoding.NICE)
    limits = arguments_of(PhotoLimits(), "JPEG")
    decoding.decode(picture, limits)
    pipe.send(None)
    pipe.recv()
    taken: list[float] = []
    ends_at = time.perf_counter() + seconds
    while (began_at := time.perf_counter()) < ends_at:
        decoding.decode(picture, limits)
        taken.append((time.perf_counter() - began_at) * 1000)
    pipe.send(taken)
