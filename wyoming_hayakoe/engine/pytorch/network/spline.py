"""The inverse of a monotone rational-quadratic spline.

Source: Durkan et al. 2019, "Neural Spline Flows", equations 4 to 8; the least sizes and slopes are those of its
authors' code, with which the voices were trained.
"""

from torch import Tensor, where
from torch.nn import functional

_LEAST = 1e-3
"""Least share of a bin in width or height, and least slope at a knot."""


def inverse_spline(y: Tensor, widths: Tensor, heights: Tensor, slopes: Tensor, bound: float) -> Tensor:
    """Return the x at which a spline has the values ``y``; outside of ±``bound`` it is the identity.

    Args:
        y: values, [...].
        widths: logits of the bins' widths, [..., bins].
        heights: logits of the bins' heights, [..., bins].
        slopes: slopes at the inner knots before the softplus, [..., bins - 1]; at ±``bound`` the slope is 1.
        bound: half the spline's extent in both directions.
    """
    inside = y.clamp(-bound, bound).unsqueeze(-1)
    knots_x, knots_y = _knots(widths, bound), _knots(heights, bound)
    slopes = functional.pad(functional.softplus(slopes) + _LEAST, (1, 1), value=1.0)
    bin_ = (inside >= knots_y[..., 1:-1]).sum(-1, keepdim=True)
    left, right = knots_x.gather(-1, bin_), knots_x.gather(-1, bin_ + 1)
    low, high = knots_y.gather(-1, bin_), knots_y.gather(-1, bin_ + 1)
    slope_left, slope_right = slopes.gather(-1, bin_), slopes.gather(-1, bin_ + 1)

    width, height, rise = right - left, high - low, inside - low
    chord = height / width
    bend = rise * (slope_left + slope_right - 2 * chord)
    a = height * (chord - slope_left) + bend
    b = height * slope_left - bend
    c = -chord * rise
    # This form of the root stays exact where the curve is almost a line and ``a`` almost 0.
    share = 2 * c / (-b - (b.square() - 4 * a * c).clamp(min=0).sqrt())
    return where(y.abs() <= bound, (left + share * width).squeeze(-1), y)


def _knots(logits: Tensor, bound: float) -> Tensor:
    """Return the bins' edges from -bound to bound, [..., bins + 1]."""
    shares = functional.softmax(logits, dim=-1)
    shares = _LEAST + (1 - _LEAST * logits.shape[-1]) * shares
    inner = shares[..., :-1].cumsum(-1) * (2 * bound) - bound
    return functional.pad(functional.pad(inner, (1, 0), value=-bound), (0, 1), value=bound)
