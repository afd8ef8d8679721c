"""What a viewer of tracebacks could show of an error."""

from pathlib import Path

TESTS = str(Path(__file__).parents[1])


def shown(error):
    """Give every text about an error and those behind it, and all variables of its frames.

    The frames of the tests themselves, which know the secrets, are left out.
    """
    seen, queue, texts = [], [error], []
    while queue:
        one = queue.pop()
        if one is None or one in seen:
            continue
        seen.append(one)
        queue += [one.__cause__, one.__context__]
        texts += [str(one), repr(one), repr(one.__dict__)]
        traceback = one.__traceback__
        while traceback is not None:
            frame = traceback.tb_frame
            if not frame.f_code.co_filename.startswith(TESTS):
                texts += [f"{name}={value!r}" for name, value in frame.f_locals.items()]
            traceback = traceback.tb_next
    return texts
