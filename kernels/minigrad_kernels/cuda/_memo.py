"""What is made of arrays that nobody changes, kept for as long as they live."""

from __future__ import annotations

import weakref


class Memo(dict):
    """A function of an array and other arguments that is called once for each array.

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function):
        self.function, self.__doc__, self.__name__ = function, function.__doc__, function.__name__

    def __call__(self, array, *rest):
        """Return what the function makes of an array, whose elements nobody changes."""
        key = (id(array), *rest)
        held, made = self.get(key, (None, None))
        if held is None or held() is not array:
            made = self.function(array, *rest)
            self[key] = weakref.ref(array, lambda _: self.pop(key, None)), made
        return made
