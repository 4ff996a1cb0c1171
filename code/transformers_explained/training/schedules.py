"""Learning-rate schedules: the step, counted from 1, gives the learning rate.

They are plain functions, so that they can be drawn before anything is trained.
"""

import math


def _check(step: int, warmup_steps: int, **rates: float) -> None:
    if not 1 <= step < math.inf:
        raise ValueError(f"step is counted from 1; got {step}")
    if not 0 <= warmup_steps < math.inf:
        raise ValueError(f"warmup_steps must be at least 0; got {warmup_steps}")
    for name, rate in rates.items():
        if not 0 <= rate < math.inf:
            raise ValueError(f"{name} must be at least 0 and finite; got {rate}")


def constant(step: int, *, peak: float, warmup_steps: int = 0) -> float:
    """Rise in a straight line to `peak` over `warmup_steps`, then stay there."""
    _check(step, warmup_steps, peak=peak)
    return peak * min(1.0, step / max(warmup_steps, 1))


def warmup_inverse_sqrt(
    step: int,
    *,
    warmup_steps: int,
    peak: float | None = None,
    d_model: int | None = None,
) -> float:
    """The schedule of Vaswani et al. (2017), section 5.3, equation 3.

        rate = d_model^-0.5 · min(step^-0.5, step · warmup_steps^-1.5)

    It rises in a straight line for `warmup_steps`, then falls as 1/√step. Where it
    turns it is worth (d_model · warmup_steps)^-0.5: 6.99e-4 for the paper's base model
    (d_model 512, 4,000 steps). Give `d_model` for the paper's own scale, or `peak` for
    the same curve with the height of your choice.

    Raises:
        ValueError: if not exactly one of `peak` and `d_model` is given, if `step` is
            below 1 or `warmup_steps` too.
    """
    _check(step, warmup_steps)
    if warmup_steps == 0:
        raise ValueError("warmup_steps must be at least 1 for this schedule; got 0")
    if (peak is None) == (d_model is None):
        raise ValueError(
            f"give exactly one of peak and d_model; got peak={peak}, d_model={d_model}"
        )
    if peak is None:
        if not 1 <= (d_model or 0) < math.inf:
            raise ValueError(f"d_model must be at least 1; got {d_model}")
        peak = float(d_model or 0) ** -0.5 * warmup_steps**-0.5
    _check(step, warmup_steps, peak=peak)
    return peak * min(step / warmup_steps, math.sqrt(warmup_steps / step))


def linear(
    step: int,
    *,
    total_steps: int,
    peak: float,
    warmup_steps: int = 0,
    floor: float = 0.0,
) -> float:
    """Rise in a straight line to `peak`, then fall in a straight line to `floor`.

        rate = floor + (peak - floor) · (1 - progress)

    where progress goes from 0 at the end of the warm-up to 1 at `total_steps`. BERT's
    schedule: Devlin et al. (NAACL 2019), appendix A.2.

    Raises:
        ValueError: if the warm-up does not end before `total_steps`.
    """
    _check(step, warmup_steps, peak=peak, floor=floor)
    progress = _progress(step, warmup_steps, total_steps)
    if step < warmup_steps:
        return peak * step / warmup_steps
    return floor + (peak - floor) * (1 - progress)


def cosine(
    step: int,
    *,
    total_steps: int,
    peak: float,
    warmup_steps: int = 0,
    floor: float = 0.0,
) -> float:
    """Rise in a straight line to `peak`, then fall along half a cosine to `floor`.

        rate = floor + (peak - floor) · (1 + cos(π · progress)) / 2

    where progress goes from 0 at the end of the warm-up to 1 at `total_steps`.
    Reference: Loshchilov & Hutter (ICLR 2017), equation 5, without restarts; the
    warm-up is a later habit.

    Raises:
        ValueError: if the warm-up does not end before `total_steps`.
    """
    _check(step, warmup_steps, peak=peak, floor=floor)
    progress = _progress(step, warmup_steps, total_steps)
    if step < warmup_steps:
        return peak * step / warmup_steps
    return floor + (peak - floor) * (1 + math.cos(math.pi * progress)) / 2


def _progress(step: int, warmup_steps: int, total_steps: int) -> float:
    """From 0 at the end of the warm-up to 1 at the last step, and 1 after it."""
    if not warmup_steps < total_steps:
        raise ValueError(
            "warmup_steps must be below total_steps; "
            f"got {warmup_steps} and {total_steps}"
        )
    return min(1.0, (step - warmup_steps) / (total_steps - warmup_steps))
