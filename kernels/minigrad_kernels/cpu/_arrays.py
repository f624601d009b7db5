"""How a NumPy array enters a kernel: as one flat run of elements of a known dtype.

Numba's own dispatcher looks at every argument's type on every call, needs one compilation per number of dimensions
(and another for read-only arrays), and costs 50 ns an array. Kernels here are compiled once per element type for
`Flat` arguments: an array of any shape, seen as one-dimensional. The code that unpacks a `Flat` checks that the
object is a C-contiguous, aligned ndarray of the right dtype, which costs a few loads and compares; anything else
(strided, byte-swapped, another dtype, a NumPy scalar) goes through `fit`, which makes a fitting copy, and an output
is copied back afterwards. So a kernel is never handed an array that it would misread.
"""

from __future__ import annotations

import llvmlite.binding
import numpy as np
from llvmlite import ir
from numba.core import cgutils, config, types
from numba.core.datamodel import models
from numba.core.pythonapi import NativeValue, unbox
from numba.extending import intrinsic, register_model
from numba.np.numpy_support import as_dtype

# The public layout of an ndarray object and of its dtype object (numpy/ndarraytypes.h), as byte offsets.
_HEAD = object.__basicsize__  # 16, and more in free-threaded builds
_TYPE, _DATA, _NDIM, _DIMS, _DESCR, _FLAGS = _HEAD - 8, _HEAD, _HEAD + 8, _HEAD + 16, _HEAD + 40, _HEAD + 48
_BYTEORDER, _TYPE_NUM = _HEAD + 10, _HEAD + 12
_CONTIGUOUS_ALIGNED, _WRITEABLE = 0x101, 0x400

_POINTER, _BYTE, _INT32, _INT64 = ir.IntType(8).as_pointer(), ir.IntType(8), ir.IntType(32), ir.IntType(64)

llvmlite.binding.add_symbol("minigrad_ndarray", id(np.ndarray))


class Flat(types.Array):
    """Numba type of an array argument of any shape, seen as one-dimensional.

    Parameters
    ----------
    dtype : numba type
        The element type.
    is_output : bool
        Whether the kernel writes it.
    """

    def __init__(self, dtype, is_output):
        self.is_output = is_output
        super().__init__(dtype, 1, "C", name=f"Flat({dtype}, {'out' if is_output else 'in'})")

    @property
    def key(self):
        """What makes two such types equal."""
        return self.dtype, self.is_output

    @property
    def mangling_args(self):
        """What tells two such types apart in a symbol's name."""
        return self.__class__.__name__, [self.dtype, int(self.is_output)]


register_model(Flat)(models.ArrayModel)


class FlatList(types.Type):
    """Numba type of a Python list of array arguments, each seen as one-dimensional; see `nth`."""

    def __init__(self, dtype, is_output):
        self.dtype, self.is_output = dtype, is_output
        super().__init__(f"FlatList({dtype}, {'out' if is_output else 'in'})")


@register_model(FlatList)
class _FlatListModel(models.StructModel):
    """A table of addresses and sizes, two numbers an array."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, [("table", types.CPointer(types.intp)), ("count", types.intp)])


@intrinsic
def count_of(typing_context, arrays):
    """Return how many arrays a `FlatList` holds."""

    def generate(context, builder, signature, arguments):
        return cgutils.create_struct_proxy(arrays)(context, builder, value=arguments[0]).count

    return types.intp(arrays), generate


@intrinsic
def nth(typing_context, arrays, index):
    """Return the array at `index` of a `FlatList`."""
    array = types.Array(arrays.dtype, 1, "C")

    def generate(context, builder, signature, arguments):
        table = cgutils.create_struct_proxy(arrays)(context, builder, value=arguments[0]).table
        place = builder.mul(arguments[1], ir.Constant(_INT64, 2))
        address = builder.load(builder.gep(table, [place]))
        size = builder.load(builder.gep(table, [builder.add(place, ir.Constant(_INT64, 1))]))
        return native_array(context, builder, array, builder.inttoptr(address, _POINTER), size)._getvalue()

    return array(arrays, types.intp), generate


@intrinsic
def part(typing_context, array, start, count):
    """Return `count` elements of a one-dimensional array from `start` on.

    Unlike a slice it asks for no bounds, and holds nothing: an array that the loop made must be used after its parts.
    """
    made = types.Array(array.dtype, 1, "C")

    def generate(context, builder, signature, arguments):
        data = context.make_array(array)(context, builder, value=arguments[0]).data
        data = builder.bitcast(builder.gep(data, [arguments[1]]), _POINTER)
        return native_array(context, builder, made, data, arguments[2])._getvalue()

    return made(array, types.intp, types.intp), generate


@intrinsic
def apart_from_each_other(typing_context):
    """Promise that the arrays given to the calling function do not overlap: no check would see where a gather reads."""

    def generate(context, builder, signature, arguments):
        for given in builder.function.args:
            if given.name.endswith(".4"):  # an array's address
                given.add_attribute("noalias")
        return context.get_dummy_value()

    return types.none(), generate


def fit(array, dtype, is_output):
    """Return `array` as a C-contiguous array of `dtype` (its one-letter code), a copy unless it fits already."""
    if is_output and not (isinstance(array, np.ndarray) and array.flags.writeable):
        raise TypeError(f"a kernel needs a writeable array for its result, and was given {type(array).__name__}")
    array, wanted = np.asarray(array), np.dtype(dtype)
    if array.dtype.kind != wanted.kind and (is_output or not np.can_cast(array.dtype, wanted)):
        raise TypeError(f"a kernel for {wanted} was given an array of {array.dtype}")
    return np.require(array, wanted, ["C", "A"])


def give_back(array, fitted):
    """Copy the elements of an output made by `fit` to where they belong."""
    with np.errstate(over="ignore"):  # half precision overflows to infinity
        array[...] = fitted.reshape(array.shape)


@unbox(Flat)
def _unbox_flat(typ, obj, c):
    """Emit the code that turns a Python object into the native array structure."""
    builder, api = c.builder, c.pyapi
    dtype = as_dtype(typ.dtype)
    data, size = cgutils.alloca_once(builder, _POINTER), cgutils.alloca_once(builder, _INT64)
    used = builder.call(_unpacker(c.context, builder.module, dtype, typ.is_output), [obj, data, size])
    failed = cgutils.is_null(builder, used)

    def clean_up():
        with builder.if_then(builder.icmp_unsigned("!=", used, obj), likely=False):
            if typ.is_output:
                api.decref(call_function(c.context, builder, api, __name__, "give_back", (obj, used)))
            api.decref(used)

    array = native_array(c.context, builder, typ, builder.load(data), builder.load(size))
    return NativeValue(array._getvalue(), is_error=failed, cleanup=clean_up)


def native_array(context, builder, typ, data, size):
    """Emit: the native structure of a one-dimensional array that owns nothing."""
    array = context.make_array(typ)(context, builder)
    stride = context.get_constant(types.intp, as_dtype(typ.dtype).itemsize)
    array.meminfo, array.parent = ir.Constant(array.meminfo.type, None), ir.Constant(array.parent.type, None)
    array.nitems, array.itemsize = size, stride
    array.data = builder.bitcast(data, array.data.type)
    array.shape, array.strides = cgutils.pack_array(builder, [size]), cgutils.pack_array(builder, [stride])
    return array


@unbox(FlatList)
def _unbox_flat_list(typ, obj, c):
    """Emit the code that reads the addresses of a list's arrays; they must fit as they are."""
    builder, api = c.builder, c.pyapi
    count = api.list_size(obj)
    two, one = ir.Constant(_INT64, 2), ir.Constant(_INT64, 1)
    table = builder.alloca(_INT64, size=builder.mul(count, two))
    failed = cgutils.alloca_once_value(builder, builder.icmp_signed("<", count, ir.Constant(_INT64, 0)))
    unpack = _unpacker(c.context, builder.module, as_dtype(typ.dtype), typ.is_output)
    with cgutils.for_range(builder, count) as loop:
        item = api.list_getitem(obj, loop.index)
        place = builder.gep(table, [builder.mul(loop.index, two)])
        address = builder.bitcast(place, _POINTER.as_pointer())
        used = builder.call(unpack, [item, address, builder.gep(place, [one])])
        with builder.if_then(builder.icmp_unsigned("!=", used, item), likely=False):
            builder.store(cgutils.true_bit, failed)
            with builder.if_then(cgutils.is_not_null(builder, used)):
                api.decref(used)
                api.err_set_string("PyExc_TypeError", "a kernel needs a list of contiguous arrays of one dtype")
            loop.do_break()
    value = cgutils.create_struct_proxy(typ)(c.context, builder)
    value.table, value.count = table, count
    return NativeValue(value._getvalue(), is_error=builder.load(failed))


def _unpacker(context, module, dtype, is_output):
    """Return the LLVM function (object, data*, size*) -> the object used, its copy, or NULL; one per module and type.

    It is kept out of line, so that a kernel of eight arrays compiles as fast as one of one.
    """
    name = f"minigrad_unpack_{dtype.char}_{'out' if is_output else 'in'}"
    if name in module.globals:
        return module.globals[name]
    signature = ir.FunctionType(_POINTER, [_POINTER, _POINTER.as_pointer(), _INT64.as_pointer()])
    function = ir.Function(module, signature, name)
    function.linkage = "internal"
    function.attributes.add("noinline")
    obj, data, size = function.args
    builder = ir.IRBuilder(function.append_basic_block())
    used = cgutils.alloca_once_value(builder, obj)
    with builder.if_then(builder.not_(is_fitting(builder, obj, dtype, is_output)), likely=False):
        api = context.get_python_api(builder)
        code = api.string_from_string(context.insert_const_string(module, dtype.char))
        flag = api.bool_from_bool(ir.Constant(ir.IntType(1), is_output))
        builder.store(call_function(context, builder, api, __name__, "fit", (obj, code, flag)), used)
        api.decref(code)
        api.decref(flag)
        return_if_null(builder, builder.load(used))
    read_extent(builder, builder.load(used), data, size)
    builder.ret(builder.load(used))
    return function


def return_if_null(builder, obj):
    """Emit: return NULL where an object is NULL, as it is after a Python error."""
    with builder.if_then(cgutils.is_null(builder, obj), likely=False):
        builder.ret(ir.Constant(_POINTER, None))


def read_extent(builder, array, data, size):
    """Emit: store an ndarray's address of data, and how many elements it has."""
    dimensions, lengths = shape_of(builder, array)
    builder.store(_field(builder, array, _DATA, _POINTER), data)
    builder.store(ir.Constant(_INT64, 1), size)
    with cgutils.for_range(builder, builder.sext(dimensions, _INT64)) as loop:
        builder.store(builder.mul(builder.load(size), builder.load(builder.gep(lengths, [loop.index]))), size)


def shape_of(builder, array):
    """Emit: how many dimensions an ndarray has, and where their lengths are."""
    return _field(builder, array, _NDIM, _INT32), _field(builder, array, _DIMS, _INT64.as_pointer())


def is_array(builder, obj):
    """Emit the test that `obj` is exactly an ndarray."""
    return builder.icmp_unsigned("==", _field(builder, obj, _TYPE, _POINTER), ndarray_type(builder.module))


def is_fitting(builder, obj, dtype, is_output):
    """Emit the test that `obj` is exactly an ndarray, contiguous, aligned, of this dtype (and writeable)."""
    answer = cgutils.alloca_once_value(builder, cgutils.false_bit)
    with builder.if_then(is_array(builder, obj), likely=True):
        wanted = ir.Constant(_INT32, _CONTIGUOUS_ALIGNED | (_WRITEABLE if is_output else 0))
        descr = _field(builder, obj, _DESCR, _POINTER)
        flags = builder.and_(_field(builder, obj, _FLAGS, _INT32), wanted)
        order = _field(builder, descr, _BYTEORDER, _BYTE)
        number = ir.Constant(_INT32, dtype.num)
        right = builder.icmp_unsigned("==", flags, wanted)
        right = builder.and_(right, builder.icmp_unsigned("==", _field(builder, descr, _TYPE_NUM, _INT32), number))
        right = builder.and_(right, builder.icmp_unsigned("!=", order, ir.Constant(_BYTE, ord(">"))))
        builder.store(right, answer)
    return builder.load(answer)


def _field(builder, base, offset, llvm_type):
    """Emit: load the field of `llvm_type` that lies `offset` bytes after the pointer `base`."""
    address = builder.add(builder.ptrtoint(base, _INT64), ir.Constant(_INT64, offset))
    return builder.load(builder.inttoptr(address, llvm_type.as_pointer()))


def ndarray_type(module):
    """Declare the address of the class `numpy.ndarray`; resolved by name, so that cached code can be loaded."""
    name = "minigrad_ndarray"
    if name not in module.globals:
        ir.GlobalVariable(module, _BYTE, name)
    return module.globals[name]


def call_function(context, builder, api, module, function, arguments):
    """Emit: call a Python function of a module with some objects."""
    module = api.import_module(context.insert_const_string(builder.module, module))
    result = api.call_method(module, function, arguments)
    api.decref(module)
    return result


if config.DISABLE_JIT:
    count_of = len
    nth = lambda arrays, index: arrays[index]  # noqa: E731
    apart_from_each_other = lambda: None  # noqa: E731
    part = lambda array, start, count: array[start : start + count]  # noqa: E731
