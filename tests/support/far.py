"""A second device that is not there: what runs on it computes on the CPU, and every crossing is written down.

Its tensors say that they lie on `FAR` and keep their numbers inside. What a GPU refuses is refused (a host
tensor among theirs), and what makes a GPU wait is listed: a value read back, numbers sent with a blocking
copy, an answer whose shape depends on values. Kernels, their speed and their rounding are the CPU's.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

FAR = torch.device("meta")
"""The one device that needs no driver; its own tensors hold no numbers, ours do."""
aten = torch.ops.aten

_READS = {
    aten._local_scalar_dense.default: "a value is read",
    aten.equal.default: "tensors are compared",
    aten.is_nonzero.default: "a truth is asked for",
    aten.allclose.default: "tensors are compared",
}
_SHAPED_BY_VALUES = {
    aten.nonzero.default,
    aten.masked_select.default,
    aten._unique2.default,
    aten.unique_dim.default,
    aten.repeat_interleave.Tensor,
    aten.bincount.default,
}
_INDEXED = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}
_COPIES = {aten._to_copy.default, aten.copy_.default}


class FarTensor(Tensor):
    """Says that it lies on `FAR`."""

    inner: Tensor
    __torch_function__ = torch._C._disabled_torch_function_impl

    @staticmethod
    def __new__(cls, inner: Tensor) -> FarTensor:
        made: FarTensor = Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls,
            inner.shape,
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=FAR,
        )
        made.inner = inner
        return made

    def __repr__(self) -> str:  # type: ignore[override]
        return f"far {self.inner!r}"

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{func} on a far tensor outside `Crossings`")


class Crossings(TorchDispatchMode):
    """What crossed between host and device, and from which operation, in order.

    Attributes:
        waits: crossings that make the host wait for the device.
        sent: copies to the device that do not.
    """

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[str] = []
        self.sent = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if torch._C._dispatch_has_kernel_for_dispatch_key(func.name(), "CompositeImplicitAutograd"):
            with self:  # inference mode hands these over whole
                return func.decompose(*args, **kwargs)
        leaves = tree_leaves((args, kwargs))
        tensors = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        if any(tensor.device == FAR and not isinstance(tensor, FarTensor) for tensor in tensors):
            # `torch.tensor(values, device=...)` is no operation of the dispatcher, and blocks on a GPU.
            raise AssertionError(f"{func}: a tensor was made on the device from values of the host")
        far = any(isinstance(tensor, FarTensor) for tensor in tensors)
        if func is aten._fused_sdp_choice.default and far:
            return 0  # the plain way: the fused kernels of the CPU are not those of the device
        to = kwargs.get("device")
        if func in _COPIES:
            far_out = self._copied(func, args, kwargs, far)
        else:
            far_out = far if to is None else to == FAR
            if far:
                self._check(func, tensors)
        given, named = tree_map(_near, (args, kwargs))
        out = func(*given, **named)
        known = {id(_near(tensor)): tensor for tensor in tensors}  # what an operation in place gives back
        # Made outside inference mode, or no view could be taken of them in it.
        with torch.inference_mode(False):
            return tree_map(
                lambda each: known[id(each)] if id(each) in known else _far(each) if far_out else each, out
            )

    def _copied(self, func: Any, args: Any, kwargs: Any, far: bool) -> bool:
        """Notes a copy; whether its result lies on the device."""
        if func is aten.copy_.default:
            to, source = isinstance(args[0], FarTensor), isinstance(args[1], FarTensor)
            waits = not (args[2] if len(args) > 2 else kwargs.get("non_blocking", False))
        else:
            wanted = kwargs.get("device")
            source, to = far, far if wanted is None else wanted == FAR
            waits = not kwargs.get("non_blocking", False)
        if source and not to:
            self.waits.append("numbers are read")
        elif to and not source and waits:
            self.waits.append("numbers are sent, and waited for")
        self.sent += to and not source
        return to

    def _check(self, func: Any, tensors: list[Tensor]) -> None:
        strangers = [tensor for tensor in tensors if not isinstance(tensor, FarTensor) and tensor.dim()]
        if strangers:
            raise AssertionError(
                f"{func}: a host tensor {tuple(strangers[0].shape)} among those of the device"
            )
        if func in _READS:
            self.waits.append(_READS[func])
        masks = [tensor for tensor in tensors[1:] if tensor.dtype in (torch.bool, torch.uint8)]
        if func in _SHAPED_BY_VALUES or (func in _INDEXED and masks):
            self.waits.append(f"{func}: a shape depends on values")


def _far(value: Any) -> Any:
    return FarTensor(value) if isinstance(value, Tensor) else value


def _near(value: Any) -> Any:
    if isinstance(value, FarTensor):
        return value.inner
    return torch.device("cpu") if isinstance(value, torch.device) and value == FAR else value


def moved(model: Any) -> Any:
    """The model on the far device; call it under `Crossings`."""
    model = model.to(FAR)
    model.tie_weights()
    return model
