"""Threads of our own, each of which computes by itself."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import TypeVar

import torch

Item = TypeVar("Item")


class Workers:
    """As many threads as torch may use; within the context torch itself uses a single one.

    Torch's own threads meet after every operation, also where another program keeps one of them waiting; these meet
    once all is done.
    """

    def __enter__(self) -> "Workers":
        self._threads, self._inference = torch.get_num_threads(), torch.is_inference_mode_enabled()
        self._pool = ThreadPoolExecutor(self._threads) if self._threads > 1 else None
        torch.set_num_threads(1)  # of this thread, and of threads to come
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        torch.set_num_threads(self._threads)
        if self._pool:
            self._pool.shutdown(cancel_futures=True)

    def each(self, work: Callable[[Item], None], items: Sequence[Item]) -> None:
        """Do the work on every item."""

        def in_the_same_mode(item: Item) -> None:
            with torch.inference_mode(self._inference):
                work(item)

        for _ in self._pool.map(in_the_same_mode, items) if self._pool and len(items) > 1 else map(work, items):
            pass
