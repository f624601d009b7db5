"""How arrays enter a pointwise kernel: in one order of memory, whatever their axes are called.

A kernel that treats each element by itself may take them in any order, if it takes those of all its arrays in the same.
So arrays whose axes are permuted are not copied: the loop runs along their memory, and the array that is made for the
result lies as they do. Where they lie differently, the first one decides, as in PyTorch [1]_; the others are copied.

Arrays that are all contiguous, which is nearly all there are, are not even asked: the code that unpacks them finds that
they are, and makes the result itself.

.. [1] PyTorch, aten/src/ATen/TensorIterator.cpp, ``reorder_dimensions``.
"""

from __future__ import annotations

import ctypes
import functools

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.pythonapi import NativeValue, box, unbox
from numba.extending import register_model
from numba.np.numpy_support import as_dtype
from numpy._core._multiarray_umath import _ARRAY_API

from minigrad_kernels.cpu import _arrays
from minigrad_kernels.cpu._arrays import (
    Flat,
    call_function,
    is_array,
    is_fitting,
    native_array,
    ndarray_type,
    read_extent,
    return_if_null,
    shape_of,
)

_POINTER, _INT32, _INT64 = ir.IntType(8).as_pointer(), ir.IntType(32), ir.IntType(64)
_ORDER = "order_in_memory"
_NEW_ARRAY = 93  # the place of PyArray_New among NumPy's functions for C (numpy/__multiarray_api.h)


def _address_of_new_array():
    """Return the address of PyArray_New."""
    pointer_of = ctypes.pythonapi.PyCapsule_GetPointer
    pointer_of.restype, pointer_of.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    table = pointer_of(_ARRAY_API, None)
    return ctypes.c_void_p.from_address(table + _NEW_ARRAY * ctypes.sizeof(ctypes.c_void_p)).value


llvmlite.binding.add_symbol("minigrad_new_array", _address_of_new_array())


class Ordered(Flat):
    """Numba type of an array that a pointwise kernel reads or writes."""


class New(Ordered):
    """Numba type of the array that a pointwise kernel makes for its result; given is an array of its shape."""


register_model(Ordered)(models.ArrayModel)
register_model(New)(models.ArrayModel)


_BACK = {(): ()}  # what undoes each order that was met; they stay here while calls borrow them


def order_of(*arguments):
    """Return the axes of a call's arrays in the order of their memory, the widest steps first."""
    known = [(each.shape, each.strides) for each in arguments if type(each) is np.ndarray and each.ndim > 1]
    return _order(*known) if known else ()


@functools.lru_cache(maxsize=10_000)
def _order(*arrays):
    """Return the axes in the order of the memory of arrays of these shapes and strides; an order is one object."""
    shape, _ = max(arrays, key=lambda each: len(each[0]))
    order = _sorted_axes(shape, [strides for _, strides in arrays if len(strides) == len(shape)])
    _BACK.setdefault(order, tuple(sorted(range(len(order)), key=order.__getitem__)))
    return next(each for each in _BACK if each == order)


def _sorted_axes(shape, strides):
    """Return the axes of arrays of one shape in the order of their memory; the first that tells two apart decides."""
    axes = list(range(len(shape)))[::-1]
    for k in range(1, len(axes)):
        moved = k
        for place in reversed(range(k)):
            wider = _is_wider(axes[place], axes[moved], shape, strides)
            if wider is False:
                break
            if wider:
                axes[place], axes[moved] = axes[moved], axes[place]
                moved = place
    return tuple(axes[::-1])


def _is_wider(one, other, shape, strides):
    """Whether steps along one axis are wider than along another, or None; an axis that is repeated does not tell."""
    for steps in strides:
        if steps[one] and steps[other]:
            if steps[one] != steps[other]:
                return steps[one] > steps[other]
            if shape[one] > shape[other]:
                return True
    return None


def turned(array, order):
    """Return an array with its axes in order; a number as it is."""
    if not isinstance(array, np.ndarray) or array.ndim == 0 or not order:
        return array
    if array.ndim != len(order) and array.size > 1:
        raise TypeError(f"a pointwise kernel was given an array of {array.ndim} dimensions among those of {len(order)}")
    return array.transpose(order) if array.ndim == len(order) else array


def turned_back(array, order):
    """Return an array whose axes are in order with its axes as they were."""
    return array.transpose(_BACK[order]) if array.ndim == len(order) else array


def fit(array, dtype, order, is_output):
    """Return an array as one that is contiguous when its axes are in order, a copy unless it fits already."""
    array = turned(array, order)
    if not is_output and type(array) is np.ndarray and array.dtype.char == dtype and array.dtype.isnative:
        flags = array.flags
        if flags.c_contiguous and flags.aligned:
            return array
    return _arrays.fit(array, dtype, is_output)


def give_back(array, fitted, order):
    """Copy the elements of an output made by `fit` to where they belong."""
    _arrays.give_back(turned(array, order), fitted)


def make(like, dtype, order):
    """Return a new array of the shape of another, with its axes in order."""
    shape = np.shape(like)
    if len(shape) == len(order):
        shape = [shape[axis] for axis in order]
    return turned_back(np.empty(shape, dtype), order)


def _place_of_order(builder):
    """Emit: the place for the order of the call that is being unpacked, NULL as long as all is contiguous."""
    entry = builder.function.entry_basic_block
    for instruction in entry.instructions:
        if instruction.name == _ORDER:
            return instruction
    place = cgutils.alloca_once(builder, _POINTER, name=_ORDER)
    builder.store(ir.Constant(_POINTER, None), place)
    return place


@unbox(Ordered)
def _unbox_ordered(typ, obj, c):
    """Emit the code that turns a Python object into the native array structure."""
    builder, dtype = c.builder, as_dtype(typ.dtype)
    data, size = cgutils.alloca_once(builder, _POINTER), cgutils.alloca_once(builder, _INT64)
    order, arguments = _place_of_order(builder), builder.function.args[1]
    unpack = _unpacker(c.context, builder.module, dtype, typ.is_output)
    used = builder.call(unpack, [obj, data, size, order, arguments])

    def clean_up():
        with builder.if_then(builder.icmp_unsigned("!=", used, obj), likely=False):
            if typ.is_output:
                given = obj, used, builder.load(order)
                c.pyapi.decref(call_function(c.context, builder, c.pyapi, __name__, "give_back", given))
            c.pyapi.decref(used)

    array = native_array(c.context, builder, typ, builder.load(data), builder.load(size))
    return NativeValue(array._getvalue(), is_error=cgutils.is_null(builder, used), cleanup=clean_up)


@unbox(New)
def _unbox_new(typ, obj, c):
    """Emit the code that makes the result's array; it must be the last argument, since nobody else lets go of it."""
    builder, dtype = c.builder, as_dtype(typ.dtype)
    data, size = cgutils.alloca_once(builder, _POINTER), cgutils.alloca_once(builder, _INT64)
    order, arguments = _place_of_order(builder), builder.function.args[1]
    made = builder.call(_maker(c.context, builder.module, dtype), [obj, data, size, order, arguments])
    array = native_array(c.context, builder, typ, builder.load(data), builder.load(size))
    array.parent = made
    return NativeValue(array._getvalue(), is_error=cgutils.is_null(builder, made))


@box(New)
def _box_new(typ, value, c):
    """Emit: the array that was made, whose only reference the call has."""
    return c.context.make_array(typ)(c.context, c.builder, value).parent


def _function(module, name):
    """Declare an LLVM function (object, data*, size*, order*, arguments) -> object, out of line."""
    given = [_POINTER, _POINTER.as_pointer(), _INT64.as_pointer(), _POINTER.as_pointer(), _POINTER]
    function = ir.Function(module, ir.FunctionType(_POINTER, given), name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    return function


def _unpacker(context, module, dtype, is_output):
    """Return the LLVM function that finds an argument's data and size, and returns the object used, or NULL."""
    name = f"minigrad_unpack_ordered_{dtype.char}_{'out' if is_output else 'in'}"
    if name in module.globals:
        return module.globals[name]
    function = _function(module, name)
    obj, data, size, order, arguments = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    used = cgutils.alloca_once_value(builder, obj)
    is_along = cgutils.is_null(builder, builder.load(order))
    fits = builder.and_(is_along, is_fitting(builder, obj, dtype, is_output))
    with builder.if_then(builder.not_(fits), likely=False):
        api = context.get_python_api(builder)
        flag = api.bool_from_bool(ir.Constant(ir.IntType(1), is_output))
        fitting = _call_in_order(context, builder, "fit", obj, dtype, [order, arguments], flag)
        api.decref(flag)
        return_if_null(builder, fitting)
        builder.store(fitting, used)
    read_extent(builder, builder.load(used), data, size)
    builder.ret(builder.load(used))
    return function


def _maker(context, module, dtype):
    """Return the LLVM function that makes an array of an object's shape, and returns it, or NULL."""
    name = f"minigrad_make_{dtype.char}"
    if name in module.globals:
        return module.globals[name]
    function = _function(module, name)
    like, data, size, order, arguments = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    made = cgutils.alloca_once(builder, _POINTER)
    is_along = builder.and_(cgutils.is_null(builder, builder.load(order)), is_array(builder, like))
    with builder.if_else(is_along, likely=True) as (along, otherwise):
        with along:
            builder.store(_new_array(builder, like, dtype), made)
        with otherwise:
            builder.store(_call_in_order(context, builder, "make", like, dtype, [order, arguments]), made)
    return_if_null(builder, builder.load(made))
    read_extent(builder, builder.load(made), data, size)
    builder.ret(builder.load(made))
    return function


def _call_in_order(context, builder, function, obj, dtype, call, *more):
    """Emit: call a function of this module with an object, a dtype's letter and the call's order, found if need be."""
    api, (order, arguments) = context.get_python_api(builder), call
    with builder.if_then(cgutils.is_null(builder, builder.load(order))):
        found = call_function(context, builder, api, __name__, "order_of", (arguments,))
        return_if_null(builder, found)
        api.decref(found)  # there are few, which are kept for good
        builder.store(found, order)
    code = api.string_from_string(context.insert_const_string(builder.module, dtype.char))
    result = call_function(context, builder, api, __name__, function, (obj, code, builder.load(order), *more))
    api.decref(code)
    return result


def _new_array(builder, like, dtype):
    """Emit: a contiguous array of the shape of another, by PyArray_New."""
    pointer = ir.IntType(8).as_pointer()
    given = [pointer, _INT32, _INT64.as_pointer(), _INT32, pointer, pointer, _INT32, _INT32, pointer]
    kind = ir.FunctionType(pointer, given)
    new = cgutils.get_or_insert_function(builder.module, kind, "minigrad_new_array")
    nothing, zero = ir.Constant(pointer, None), ir.Constant(_INT32, 0)
    number = ir.Constant(_INT32, dtype.num)
    dimensions, lengths = shape_of(builder, like)
    array_type = ndarray_type(builder.module)
    return builder.call(new, [array_type, dimensions, lengths, number, nothing, nothing, zero, zero, nothing])
