"""Saving and loading: what comes back, how files are laid out, and what damaged or hostile files do."""

from __future__ import annotations

import base64
import copy
import io
import os
import pickle
import pickletools
import zipfile
import zlib
from collections import Counter, OrderedDict
from contextlib import suppress

import numpy as np
import pytest

import minigrad
from minigrad import nn, optim
from minigrad.serialization import add_safe_globals, clear_safe_globals, get_safe_globals, load, safe_globals, save
from minigrad.storage import place, view_of

# One object, written by PyTorch 2.13 in its present format and in that of before 1.6.
WRITTEN_BY_PYTORCH = {
    "zip": (
        "c-o~_+i%-c7`Jn4>XqI`X;+}Y1|x+ot#j*TTU*RX2OeANG6;iWT<0_~b>e*SX}eCUR0*Z5Ji$MJct+xh2Y7-CUJ=rGK$Ae?0VITYfOlRv=Qzo1"
        "cUen&5+}Z#-^JhgzE5Xf4u&``8s+wlZmyTps(R5_N27TSYw^menUy-Z8=kQp*a9w=;|bs<@H(~#BCf7s!?Xppik8<5Gp}M)wymnVo)91qi{;wL"
        "WSh*?3J8J@M97+!h8LZi0)!ah7=&{{@~>CcAR<RFv@OV-9FT)M5S4>6zXR>Nx^9^!(y?KcZQ)uqkE$qt$<VO?!mt7-Fmx#J5M!xY8_-!K`o&-|"
        "R16mxW7h&93f7=o=4;TiTcn^~3?~(Mm|4Kk=Z8E(O$6n@4)n`B^)leVPGJ~S;L%)|z)DsgneZ69|9C7HA-6V=Q7B><Y7wG}R@F)fqpAQ;G!&Tw"
        "5uPNv0Sr%3U7qTmCNUr{f5y>$8pAURoW0F1p8Wt~3Jfz7Hbxa2o^#mhVZLIO3(Y7$&jb=MLIijW=ZL`YutOThFsi`V+7^hpb}~sN-ZYv8kYLY~"
        "IhrDn+JZD&&UI9^$r3<D=55<v&V{JHaSOqCU3igP2r%KS-ee7?6gbaZ=J93)!G-#?6`BTOMu3YfXnC}5=m@6kPn}BvW}0a+TZ0!AkQmeQCPp^A"
        "sH-}OzHSSsOiu*3lnaoj-+cowF-}v%Mp=aH4$LWVnIS8tW|ZOOC3qz!^K-KyrvO-VG?1^})>W0R62YmeU?Y-TSC-&anb&G?Re@`s$GTOjnCPYe"
        "^K*?#nw$B@IoW{)1r)@hQ_}2JSoAE8WLai&ab9EcNx1H;{_8CDYw!k5)SR<OZ(_Kiz*~&2sF^G9wukOAxz(gwVst5Z$60HYB~uOFr9YZOw~Rqo"
        "AkQL#N)@~b$did_SRr6i5(Nt8=t35qGBg~5_b{v~V6MgI<+iB)LuX$faYm2%mQALgJKJnB@fE9D(y&_3rL1(?*K6)KM5^`W-@m+19nzz<)*v^2"
        "PpjU4RLwLB<q|66tdu;2+`f@XQ3Ep@@Fz{Ozyl5Ra5GH<G+8a$uCmhkqv$q<X<%$3>Y;Y=w^KB~BM<b@$xVB@`si3znmUF7hjn{~{LGRsIkw61"
        "=`3~B|Ir^G50D1~2RIt>Iuf%|j61yk9@XBXdQ&66eoqCW2k2e!>Ls$$#E~Nqtg}-65AS~d*AeuS$I<7R^4Dj+%^jS7ot)%VPGzO(<0K!A{{+?7"
        "KKt45>T`$DPaj{u_1kuFC!1=`meS>yOA6Hgolgqa502jum$=tJ*bCUGYLE_cOQZV_)yQY1`2Tz#F_D=_XU3D0naNCwd=eQ^9LuC9(kXJ178A*_"
        "OlERYOjDP;Cw?!*h>sX^$y2jUpYC?sz0bLSALmEA8)&}=i9%ef2JI(tH^D&<$sISzzRv6CaW}Fa504V&_BT*J+}(9LJ@B8xoUix!vF;Ay#TFwz"
        "tmwzOtKW;g>&GViSa<z;v2=Ik?G}ElyY{@;AN|-=1AG7K^n^O<!>0YZ?waZHVE0_u7P;b1<slEax1Bqn$mZopWTa7&!E;SyhwuMi=T*6{+8Zr8"
        "Lbs~i7xf9wZXq0TFdb~ZGxt9md;rz"
    ),
    "legacy": (
        "c-nnbTXWk)6xPLYsGy}#Zsl68bqa(ywH=vT(o&Lw+O$y$h)WQPw29Qpl0RvkHq2xuFLqOYLmznTzo0YyHGSi?Gdys1C3~8VU`N{7J!khj-=6dB"
        "?rVP-@jrK$ADy~>@9N3feeLo?o%%f}4d=L`DE%zush`H~4$JZ=O`y^O=O}sNi1V1aED0hnfp*{+WaPVj=H}7wEQh{_TEm$lV;-g%$CRZxI?bYl"
        "qi)rln!retZA@FW!C)LyCF?DyK2I}0oOK60igUxw*ybRL1DCTTPcwIC-hkF<IMV{0R(jhEda=b=j#H1X7e)g$=NPT&wwm3x*=%;ZXU%p8Q<8_@"
        "9}tiFD#!GirC6G!kMNYGTj~f$?)Y@%nE9MeoEulNfMqPW5c%AIF=OLtj%REfl`vU)6URbg6Y61Qv}eO2%JDS<*N1q{Qipi{PAGs*aJ*pSMR{tD"
        "m;Mjt<r3x<K~}f45l&jF;QVR<^%}?PHr|j4@1+5Y@usxD)o|)$y2+yLkmJ;UB)0EmUXO8>8F;&zh1r~&Z{Zzcp%IIB1q)TMc#kqiDSN+Q@d3wa"
        "8;t`wnYoQKHa;vgz*#@XM+J6Ss!LS;Nu@r1EL?ZNTrgYB4rVEwO5r}Ca5FPSh&hg?jrqYI&N@eEi%Yz{z~dfT(%*K-sGzfl1u2lRa7|0i^L$h4"
        "PAC-JlEyks418KB;Ikn<xABGK90)bz%W~P45LUBeU{NMCU^|h|uvB`BseyA7ZJi(DD;pOi(&jFw8}YU8`cxS|H&`MD29_O-ybu1uio}dP9wkj&"
        "9N`-q-^!i+*ozWa8@SZ4)RiSco|+Vlhs&!6zUzt#(mvNUaz+AO-M|$~^@g}=W9^XJPka5C-7;XWC}mq&{JR*8ux{fTliBHc`3-z`s8r|EG@g{|"
        "`zMvrZqMU~QW=iCOhf!AWd2i8vY$DAv9Te+LoeRKuZO@dl4%0&9@as(W428ER_ef$vKwMkbbbLIa4;KNGFz<I=eyXhP_Te9JFPi{1f>vEB%l;g"
        "^6SN=zfr)&96cL}c#t;4gH&+|)T;AqRhL$;5_PTWgi}>q>ugpVS4z3RD7x`nRqD#)ZC`ko=%at1{y&%0(xXpyl+7Fu{sk^ki@E"
    ),
}


def written_by_pytorch(name):
    return zlib.decompress(base64.b85decode(WRITTEN_BY_PYTORCH[name]))


def saved(obj, **options):
    file = io.BytesIO()
    save(obj, file, **options)
    return file.getvalue()


def again(obj, **options):
    return load(io.BytesIO(saved(obj)), **options)


def grid():
    return minigrad.tensor(np.arange(6, dtype=np.float32)).reshape(2, 3)


def entries(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def repacked(data, **changes):
    """Return an archive with entries changed (sums included), or left out where the change is None."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in entries(data).items():
            content = changes.get(name.split("/", 1)[1], content)
            if content is not None:
                archive.writestr(name, content)
    return file.getvalue()


class Note:
    """A class that files may name."""

    def __init__(self, text):
        self.text = text


class Attack:
    """Pickles into a call of ``os.mkdir``."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("name", ["zip", "legacy"])
def test_files_of_pytorch_are_read(name):
    found = load(io.BytesIO(written_by_pytorch(name)))
    assert repr(found["x"]) == "tensor([[0., 1., 2.],\n        [3., 4., 5.]])"
    assert found["t"].stride() == (1, 3)
    found["x"][1, 0] = 9
    assert found["row"][0].item() == found["t"][0, 1].item() == 9
    assert type(found["model"]["weight"]) is nn.Parameter
    assert found["model"]["weight"].tolist() == [[1.5, -2.0]]
    assert found["model"]._metadata == {"": {"version": 1}}
    assert repr(found["model"]["steps"]) == "tensor(3)"
    assert (found["size"], found["dtype"], found["device"]) == (
        minigrad.Size([2, 3]),
        minigrad.float16,
        minigrad.device("cpu"),
    )
    assert found["bytes"] == b"\xff"
    assert found["plain"] == [1, 2.5, "a", None, True, {1}, 1j]
    assert found["mask"].tolist() == [True, False]
    assert repr(found["half"]) == "tensor([0.5000], dtype=torch.float16)"
    assert found["empty"].shape == (0, 3)


@pytest.mark.parametrize(
    "value",
    [
        None, True, 3, -(2**70), 2.5, 1j, "text", b"\xff\x00", bytearray(b"ab"), [1, [2]], (1, (2,)), {"a": {"b": 1}},
        {1, 2}, OrderedDict(a=1, b=2), Counter("aab"), minigrad.Size([2, 3]), minigrad.float16, minigrad.bool,
        minigrad.device("cpu"),
    ],
    ids=repr,
)  # fmt: skip
def test_plain_values_come_back(value):
    found = again({"key": value})["key"]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("dtype", minigrad.dtypes.ALL, ids=str)
@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (1,), (2, 3)], ids=str)
def test_tensors_of_every_dtype_and_shape_come_back(dtype, shape):
    tensor = minigrad.tensor(np.ones(shape, dtype.numpy))
    found = again(tensor)
    assert (found.dtype, found.shape) == (dtype, shape)
    assert found.tolist() == tensor.tolist()


def test_tensors_come_back_as_leaves_that_know_whether_they_want_gradients():
    leaf = minigrad.ones(2, requires_grad=True)
    (leaf * 2).sum().backward()
    found = again({"leaf": leaf, "result": leaf * 2, "plain": minigrad.ones(2)})
    assert [found[name].requires_grad for name in found] == [True, True, False]
    assert all(found[name].is_leaf for name in found)
    assert found["leaf"].grad is None


def test_shared_memory_is_written_once_and_shared_again():
    x = grid()
    data = saved([x, x[1], x.permute(1, 0), x])
    assert sum("/data/" in name for name in entries(data)) == 1
    found, row, transposed, same = load(io.BytesIO(data))
    found[1, 0] = 9
    assert row[0].item() == transposed[0, 1].item() == 9
    assert transposed.stride() == (1, 3)
    assert same is found


def test_a_write_to_one_loaded_view_is_noticed_by_the_graph_of_another():
    x = grid()
    found, row = again([x, x[1]])
    weight = minigrad.ones(2, 3, requires_grad=True)
    loss = (weight * found).sum()
    row.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


@pytest.mark.parametrize("order", [[0, 1], [1, 0], [1, 2], [2, 1], [1], [1, 2, 0]], ids=str)
def test_of_a_large_storage_only_what_is_in_use_is_written(order):
    large = minigrad.tensor(np.arange(100000, dtype=np.float32))
    tensors = [large, large[10:20], large[15:40:5]]
    data = saved([tensors[k] for k in order])
    assert len(data) > 400000 if 0 in order else len(data) < 4000
    found = load(io.BytesIO(data))
    assert [each.tolist() for each in found] == [tensors[k].tolist() for k in order]
    found[-1][...] = -1
    assert all(-1 in each.tolist() for each in found)


def test_arrays_that_pytorch_cannot_describe_are_copied():
    backwards = minigrad.Tensor._wrap(np.arange(4.0)[::-1])
    assert again(backwards).tolist() == [3.0, 2.0, 1.0, 0.0]
    assert again(backwards).stride() == (1,)


def test_tensors_of_different_dtypes_on_one_memory_are_refused():
    array = np.ones(4, np.float32)
    with pytest.raises(RuntimeError, match=r"view the same data as different types: torch\.float32 and torch\.int32"):
        saved([minigrad.from_numpy(array), minigrad.from_numpy(array.view(np.int32))])


def test_parameters_buffers_and_attributes_come_back():
    parameter = nn.Parameter(minigrad.ones(2), requires_grad=False)
    noted = nn.Parameter(minigrad.ones(2))
    noted.note = [1]
    tensor = minigrad.ones(2)
    tensor.note = "mine"
    found = again([parameter, noted, tensor, nn.Buffer(minigrad.ones(2))])
    assert [type(each) for each in found] == [nn.Parameter, nn.Parameter, minigrad.Tensor, minigrad.Tensor]
    assert [each.requires_grad for each in found] == [False, True, False, False]
    assert (found[1].note, found[2].note) == ([1], "mine")


class TwoLayers(nn.Module):
    """A module whose layers share a weight."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(minigrad.ones(2, 2))
        self.tied = self.weight
        self.register_buffer("steps", minigrad.tensor(3))


def test_state_dicts_of_modules_and_optimizers_come_back():
    module = TwoLayers()
    optimizer = optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    (module.weight * 2).sum().backward()
    optimizer.step()
    found = again({"model": module.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3})
    assert list(found["model"]) == list(module.state_dict())
    assert found["model"]._metadata == module.state_dict()._metadata
    assert repr(found["optimizer"]) == repr(optimizer.state_dict())
    fresh = TwoLayers()
    fresh.load_state_dict(found["model"])
    assert fresh.weight.tolist() == module.weight.tolist()
    assert again(module.state_dict())["tied"].data_ptr() != 0


def test_whole_modules_come_back_when_the_file_is_trusted():
    module = TwoLayers()
    with pytest.raises(
        pickle.UnpicklingError, match=r"Unsupported global: GLOBAL .*TwoLayers was not an allowed global"
    ):
        again(module)
    found = again(module, weights_only=False)
    assert type(found) is TwoLayers
    assert found.tied is found.weight
    assert repr(found.state_dict()) == repr(module.state_dict())


def test_the_file_has_pytorchs_entries_at_its_places():
    data = saved({"x": grid(), "y": minigrad.ones(1000)})
    assert list(entries(data)) == [
        "archive/data.pkl", "archive/.format_version", "archive/.storage_alignment", "archive/byteorder",
        "archive/data/0", "archive/data/1", "archive/version",
    ]  # fmt: skip
    assert entries(data)["archive/version"] == b"3\n"
    assert data.find(grid().numpy().tobytes()) % 64 == 0
    assert data.find(np.ones(1000, np.float32).tobytes()) % 64 == 0
    operations = pickletools.genops(entries(data)["archive/data.pkl"])
    names = [argument for operation, argument, _ in operations if operation.name == "GLOBAL"]
    assert names == ["torch._utils _rebuild_tensor_v2", "torch FloatStorage", "collections OrderedDict"]


def test_the_same_object_gives_the_same_bytes():
    assert saved({"x": grid()}) == saved({"x": grid()})


def test_an_archive_at_a_path_is_named_after_it(tmp_path):
    save(grid(), tmp_path / "model.v2.pt")
    assert "model.v2/data.pkl" in entries((tmp_path / "model.v2.pt").read_bytes())
    assert load(str(tmp_path / "model.v2.pt")).tolist() == grid().tolist()


def test_files_need_not_begin_at_zero_nor_be_seekable_for_writing():
    file = io.BytesIO()
    file.write(b"head")
    save(grid(), file)
    file.seek(4)
    assert load(file).tolist() == grid().tolist()

    class Stream(io.RawIOBase):
        written = b""

        def writable(self):
            return True

        def write(self, piece):
            self.written += bytes(piece)
            return len(piece)

    stream = Stream()
    save(grid(), stream)
    assert load(io.BytesIO(stream.written)).tolist() == grid().tolist()


def test_an_error_leaves_the_earlier_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "model.pt"
    save({"x": 1}, path)

    def fail(*args):
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("minigrad.serialization.archive.ArchiveWriter.write", fail)
        with pytest.raises(OSError, match="the disk is full"):
            save({"x": 2}, path)
    with pytest.raises((AttributeError, pickle.PicklingError)):
        save({"x": lambda: 1}, path)
    assert os.listdir(tmp_path) == ["model.pt"]
    assert load(path) == {"x": 1}


def test_a_file_that_is_replaced_keeps_its_permissions_and_its_links(tmp_path):
    path = tmp_path / "model.pt"
    save(1, path)
    path.chmod(0o640)
    (tmp_path / "latest.pt").symlink_to(path)
    save(2, tmp_path / "latest.pt")
    assert load(path) == 2
    assert (tmp_path / "latest.pt").is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640


def test_mapped_tensors_can_be_written_to_without_changing_the_file(tmp_path):
    path = tmp_path / "model.pt"
    save({"x": grid(), "empty": minigrad.zeros(0)}, path)
    found = load(path, mmap=True)
    found["x"].zero_()
    assert found["empty"].shape == (0,)
    assert load(path)["x"].tolist() == grid().tolist()
    assert len(saved(found)) < 4000
    with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
        load(io.BytesIO(saved(1)), mmap=True)


def test_map_location_takes_devices_dictionaries_and_functions():
    data = saved({"x": grid()})
    seen = []

    def where(storage, location):
        seen.append((len(storage), location))
        return storage

    for choice in ["cpu", minigrad.device("cpu"), {"cpu": "cpu"}, {}, where, lambda storage, location: None]:
        assert load(io.BytesIO(data), map_location=choice)["x"].tolist() == grid().tolist()
    assert seen == [(6, "cpu")]


@pytest.mark.parametrize(
    ("choice", "error", "message"),
    [
        ("nowhere", RuntimeError, r"don't know how to restore data location .* \(tagged with nowhere\)"),
        ({"cpu": "nowhere"}, RuntimeError, "tagged with nowhere"),
        (3, TypeError, "map_location is a device, a string, a dict or a function, got int"),
        (lambda storage, location: storage.anywhere(), AttributeError, "anywhere"),
    ],
)
def test_places_that_do_not_exist_are_named(choice, error, message):
    with pytest.raises(error, match=message):
        again(grid(), map_location=choice)


def test_a_file_of_the_other_byte_order_is_turned_round():
    data = saved(grid())
    turned = repacked(data, byteorder=b"big", **{"data/0": grid().numpy().astype(">f4").tobytes()})
    assert load(io.BytesIO(turned)).tolist() == grid().tolist()


def test_nothing_that_is_not_allowed_is_run(tmp_path):
    with pytest.raises(pickle.UnpicklingError) as caught:
        again([Attack(tmp_path / "made")])
    for part in ("posix.mkdir" if os.name == "posix" else "mkdir", "weights_only=False", "add_safe_globals"):
        assert part in str(caught.value)
    assert not (tmp_path / "made").exists()
    again([Attack(tmp_path / "made")], weights_only=False)
    assert (tmp_path / "made").exists()


def test_classes_can_be_allowed_for_good_or_for_a_block():
    with pytest.raises(pickle.UnpicklingError, match="Note was not an allowed global"):
        again(Note("a"))
    with safe_globals([Note]):
        assert again(Note("a")).text == "a"
    assert get_safe_globals() == []
    add_safe_globals([(Note, "elsewhere.Name"), Note])
    try:
        assert again(Note("b")).text == "b"
        renamed = entries(saved(Note("c")))["archive/data.pkl"].replace(
            f"{Note.__module__}\nNote\n".encode(), b"elsewhere\nName\n"
        )
        assert load(io.BytesIO(repacked(saved(Note("c")), **{"data.pkl": renamed}))).text == "c"
    finally:
        clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError):
        again(Note("a"))


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (b"cbuiltins\neval\n(X\x03\x00\x00\x001+1tR.", "builtins.eval was not an allowed global"),
        (b"(X\x03\x00\x00\x001+1ibuiltins\neval\n.", "105|damaged"),
        (b"ctorch\nfloat32\n}X\x04\x00\x00\x00nameK\x01sb.", "sets the state of a dtype"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n}X\x01\x00\x00\x00aK\x01sb.", "sets the state of a function"),
        (b"ctorch\nfloat32\n)R.", "calls torch.float32, which is not allowed"),
        (b"X\x01\x00\x00\x00a)R.", "calls 'a', which is not allowed"),
        (b"ctorch._utils\n_rebuild_tensor_v2\n(K\x01K\x00))\x89NtR.", "a tensor's storage is expected"),
        (b"K\x01Q.", "a storage is expected, the file refers to 1"),
    ],
)
def test_hostile_pickles_are_refused(program, message):
    data = repacked(saved(1), **{"data.pkl": b"\x80\x02" + program})
    with pytest.raises((pickle.UnpicklingError, RuntimeError), match=message):
        load(io.BytesIO(data))


def test_a_tensor_that_reaches_beyond_its_storage_is_refused():
    data = repacked(saved(grid()), **{"data/0": bytes(20)})
    with pytest.raises(RuntimeError, match="storage '0' has 5 elements, expected 6"):
        load(io.BytesIO(data))
    program = entries(saved(grid()))["archive/data.pkl"].replace(b"K\x02K\x03\x86", b"K\x07K\x03\x86")
    with pytest.raises(RuntimeError, match=r"a tensor of size \(7, 3\).* does not fit into its storage of 6 elements"):
        load(io.BytesIO(repacked(saved(grid()), **{"data.pkl": program})))


@pytest.mark.parametrize(
    ("damage", "error", "message"),
    [
        (lambda data: b"", EOFError, "is empty, expected a file written by save"),
        (lambda data: b"no model at all", pickle.UnpicklingError, "is damaged or was not written by save"),
        (lambda data: data[:100], RuntimeError, "failed reading zip archive"),
        (lambda data: data[:-5], RuntimeError, "failed reading zip archive"),
        (lambda data: data.replace(grid().numpy().tobytes(), bytes(24)), RuntimeError, "checksum does not match"),
        (lambda data: repacked(data, **{"data/0": None}), RuntimeError, "has no entry 'model/data/0'"),
        (lambda data: repacked(data, **{"data.pkl": None}), RuntimeError, "without the entry <name>/data.pkl"),
        (lambda data: repacked(data, **{"data.pkl": b"\x80\x02]q"}), pickle.UnpicklingError, "is damaged"),
        (lambda data: repacked(data, byteorder=b"middle"), ValueError, "Unknown endianness type: middle"),
        (lambda data: pickle.dumps({"a": 1}), RuntimeError, "Invalid magic number; corrupt file"),
        (lambda data: written_by_pytorch("legacy")[:-3], RuntimeError, "ends after 0 of 0|ends"),
    ],
)
def test_damaged_files_are_named(tmp_path, damage, error, message):
    path = tmp_path / "model.pt"
    save(grid(), path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(error, match=message) as caught:
        load(path)
    assert "model.pt" in str(caught.value)


def test_any_damage_ends_in_an_error_of_loading():
    rng = np.random.default_rng(0)
    data = saved({"x": grid(), "y": grid()[0], "z": [1, "a", b"b", (2.5,), minigrad.Size([1])]})
    program = entries(data)["archive/data.pkl"]
    for source, rebuild in [
        (program, lambda bad: repacked(data, **{"data.pkl": bad})),
        (data, lambda bad: bad),
        (written_by_pytorch("legacy"), lambda bad: bad),
    ]:
        for _ in range(150):
            bad = bytearray(source)
            for _ in range(rng.integers(1, 4)):
                bad[rng.integers(len(bad))] = rng.integers(256)
            with suppress(pickle.UnpicklingError, RuntimeError, EOFError):
                load(io.BytesIO(rebuild(bytes(bad))))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda folder: save(1, folder), RuntimeError, "Is a directory"),
        (lambda folder: save(1, folder / "none" / "x.pt"), RuntimeError, "Parent directory .*none does not exist"),
        (lambda folder: save(1, 5), AttributeError, "expected 'f' to be string, path, or a file-like object"),
        (lambda folder: save(1, io.StringIO()), TypeError, "string argument expected"),
        (lambda folder: load(folder / "none.pt"), FileNotFoundError, "none.pt"),
        (lambda folder: load(folder), IsADirectoryError, "directory"),
        (lambda folder: load(5), AttributeError, "'int' object has no attribute 'seek'"),
        (lambda folder: load(io.StringIO("abc")), AssertionError, "Expected bytes, got str"),
        (
            lambda folder: save(1, io.BytesIO(), pickle_module=zlib),
            ValueError,
            "pickle_module is the standard library's",
        ),
    ],
)
def test_misuse_raises_what_pytorch_raises(tmp_path, call, error, message):
    with pytest.raises(error, match=message):
        call(tmp_path)


def test_arguments_for_the_unpickler_need_a_trusted_file():
    with pytest.warns(UserWarning, match="pickle_load_args only works if `weights_only=False`"):
        again(1, encoding="latin1")
    assert again(1, weights_only=False, encoding="latin1") == 1


def test_a_dtype_that_minigrad_lacks_is_named():
    program = entries(saved(grid()))["archive/data.pkl"].replace(b"FloatStorage", b"BFloat16Storage")
    with pytest.raises(pickle.UnpicklingError, match=r"torch\.BFloat16Storage"):
        load(io.BytesIO(repacked(saved(grid()), **{"data.pkl": program})))


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_tensors_can_be_pickled_without_save(protocol):
    tensor = grid()[:, 1:]
    tensor.requires_grad_()
    tensor.note = "mine"
    found = pickle.loads(pickle.dumps(tensor, protocol))
    assert (found.tolist(), found.requires_grad, found.note) == (tensor.tolist(), True, "mine")
    parameter = pickle.loads(pickle.dumps(nn.Parameter(grid()), protocol))
    assert type(parameter) is nn.Parameter
    assert parameter.tolist() == grid().tolist()


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_every_protocol_that_save_may_use_can_be_loaded(protocol):
    obj = {"x": grid(), "part": grid()[:, 1], "y": [1, "ä", b"\xff", {2}, minigrad.Size([2])]}
    assert repr(load(io.BytesIO(saved(obj, pickle_protocol=protocol)))) == repr(obj)


def test_deep_copies_share_what_the_originals_shared():
    x = grid()
    x.requires_grad_()
    (x * 2).sum().backward()
    x.note = [1]
    twin, row, plain = copy.deepcopy([x, x.detach()[1], x])
    assert plain is twin
    assert twin.note == [1]
    assert twin.note is not x.note
    assert twin.grad.tolist() == x.grad.tolist()
    assert twin.grad is not x.grad
    with minigrad.no_grad():
        twin[1, 0] = 9
    assert row[0].item() == 9
    assert x[1, 0].item() == 3


def test_the_result_of_an_operation_cannot_be_deep_copied():
    with pytest.raises(RuntimeError, match=r"Only Tensors created explicitly by the user .* made by MulBackward0"):
        copy.deepcopy(minigrad.ones(2, requires_grad=True) * 2)


ARRAY = np.arange(60, dtype=np.float32).reshape(3, 4, 5)


@pytest.mark.parametrize(
    ("array", "shares"),
    [
        (ARRAY, True), (ARRAY.T, True), (ARRAY[1:, ::2, 1:], True), (ARRAY[1, 2, 3, ...], True), (ARRAY[::-1], False),
        (ARRAY[::-1][:1], True), (np.broadcast_to(ARRAY[:, :1], (3, 4, 5)), True), (ARRAY.astype(">f4"), False),
        (np.lib.stride_tricks.as_strided(ARRAY, (5, 5), (4, 4)), True), (np.asfortranarray(ARRAY)[1:], True),
        (np.frombuffer(b"x" * 21, np.float32, 5, 1), True), (ARRAY[:0], False), (ARRAY.view(np.int32)[1:], True),
        (np.frombuffer(b"x" * 21, np.uint8)[1:].view(np.float32), False),
    ],
)  # fmt: skip
def test_the_place_of_an_array_gives_the_array_back(array, shares):
    memory, offset, strides = place(array)
    found = view_of(memory, offset, array.shape, strides)
    np.testing.assert_array_equal(found, array)
    assert np.shares_memory(found, array) is shares
