"""What the tests of saving and loading share: files of PyTorch's, files taken apart, objects to save."""

from __future__ import annotations

import base64
import io
import os
import zipfile
import zlib

import numpy as np

import minigrad
from minigrad.serialization import load, save

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
    """Return the bytes of a file that PyTorch wrote."""
    return zlib.decompress(base64.b85decode(WRITTEN_BY_PYTORCH[name]))


def saved(obj, **options):
    """Return what `save` writes."""
    file = io.BytesIO()
    save(obj, file, **options)
    return file.getvalue()


def again(obj, **options):
    """Save an object and load it."""
    return load(io.BytesIO(saved(obj)), **options)


def grid():
    """Return six numbers in two rows."""
    return minigrad.tensor(np.arange(6, dtype=np.float32)).reshape(2, 3)


def entries(data):
    """Return the contents of an archive, by name."""
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
