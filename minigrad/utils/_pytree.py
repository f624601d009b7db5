"""Trees of tensors: nested tuples, lists, dictionaries and named tuples, taken apart and put together again."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

__all__ = [
    "LeafSpec",
    "PyTree",
    "TreeSpec",
    "register_pytree_node",
    "tree_all",
    "tree_any",
    "tree_flatten",
    "tree_iter",
    "tree_leaves",
    "tree_map",
    "tree_map_",
    "tree_map_only",
    "tree_structure",
    "tree_unflatten",
]

PyTree = Any


class _Kind(NamedTuple):
    """How one class of containers is taken apart, into children and a context, and put together."""

    flatten: Callable[[Any], tuple[list[Any], Any]]
    unflatten: Callable[[Iterable[Any], Any], Any]


_kinds: dict[Any, _Kind] = {
    tuple: _Kind(lambda tree: (list(tree), None), lambda children, context: tuple(children)),
    list: _Kind(lambda tree: (list(tree), None), lambda children, context: list(children)),
    dict: _Kind(
        lambda tree: (list(tree.values()), list(tree)),
        lambda children, context: dict(zip(context, children, strict=True)),
    ),
    OrderedDict: _Kind(
        lambda tree: (list(tree.values()), list(tree)),
        lambda children, context: OrderedDict(zip(context, children, strict=True)),
    ),
    defaultdict: _Kind(
        lambda tree: (list(tree.values()), [tree.default_factory, list(tree)]),
        lambda children, context: defaultdict(context[0], zip(context[1], children, strict=True)),
    ),
    deque: _Kind(
        lambda tree: (list(tree), tree.maxlen), lambda children, context: deque(children, maxlen=context)
    ),
}  # fmt: skip


def register_pytree_node(
    cls: type,
    flatten_fn: Callable[[Any], tuple[list[Any], Any]],
    unflatten_fn: Callable[[Iterable[Any], Any], Any],
    **options: Any,
) -> None:
    """Let a class of containers be part of trees.

    Parameters
    ----------
    cls : type
    flatten_fn : callable
        Returns the children, and a context from which the container can be made again.
    unflatten_fn : callable
        Gets the children and the context.
    **options
        PyTorch's, for naming and saving trees; they change nothing here.

    Raises
    ------
    ValueError
        When the class is registered already.
    """
    if cls in _kinds:
        raise ValueError(f"{cls} is already registered as pytree node.")
    _kinds[cls] = _Kind(flatten_fn, unflatten_fn)


def _is_named(cls: type) -> bool:
    """Whether a class is a named tuple, or one of the results of operations with several outputs."""
    return issubclass(cls, tuple) and hasattr(cls, "_fields")


def _kind_of(tree: Any) -> Any:
    """Return the class under which a container is registered; None for a leaf."""
    cls = type(tree)
    if cls in _kinds:
        return cls
    return "namedtuple" if _is_named(cls) else None


class TreeSpec:
    """The form of a tree.

    Attributes
    ----------
    type : type or None
        Of the container at the root; None for a leaf.
    children_specs : list of TreeSpec
    num_leaves : int
    """

    __slots__ = ("_context", "children_specs", "num_leaves", "type")

    def __init__(self, type: Any, context: Any, children_specs: list[TreeSpec]) -> None:
        self.type = type
        self._context = context
        self.children_specs = children_specs
        self.num_leaves: int = sum(each.num_leaves for each in children_specs) if type is not None else 1

    @property
    def num_nodes(self) -> int:
        """The number of leaves and containers."""
        return 1 + sum(each.num_nodes for each in self.children_specs)

    @property
    def num_children(self) -> int:
        """The number of children of the root."""
        return len(self.children_specs)

    def is_leaf(self) -> bool:
        """Whether the tree is a single leaf."""
        return self.type is None

    def children(self) -> list[TreeSpec]:
        """Return the forms of the root's children."""
        return list(self.children_specs)

    def unflatten(self, leaves: Iterable[Any]) -> Any:
        """Return a tree of this form with the given leaves.

        Raises
        ------
        ValueError
            For another number of leaves.
        """
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec refers to a pytree that "
                f"holds {self.num_leaves} items ({self})."
            )
        return self._built(iter(leaves))

    def _built(self, leaves: Any) -> Any:
        if self.type is None:
            return next(leaves)
        children = [each._built(leaves) for each in self.children_specs]
        if _is_named(self.type):
            make = getattr(self.type, "_make", self.type)
            return self.type(children) if self.type.__module__ == "torch.return_types" else make(children)
        return _kinds[self.type].unflatten(children, self._context)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, TreeSpec)
            and (self.type, self._context) == (other.type, other._context)
            and self.children_specs == other.children_specs
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self, indent: int = 0) -> str:
        if self.type is None:
            return "*"
        context = self.type.__name__ if _is_named(self.type) else self._context
        name = "namedtuple" if _is_named(self.type) else self.type.__name__
        head = f"TreeSpec({name}, {context}, ["
        inner = f",\n{' ' * (indent + 2)}".join(each.__repr__(indent + 2) for each in self.children_specs)
        return f"{head}{inner}])"


class LeafSpec(TreeSpec):
    """The form of a single leaf."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(None, None, [])


_leaf = LeafSpec()


def tree_flatten(tree: PyTree, is_leaf: Callable[[Any], bool] | None = None) -> tuple[list[Any], TreeSpec]:
    """Return the leaves of a tree, and its form."""
    leaves: list[Any] = []
    return leaves, _flatten(tree, leaves, is_leaf)


def _flatten(tree: Any, leaves: list[Any], is_leaf: Callable[[Any], bool] | None) -> TreeSpec:
    kind = _kind_of(tree)
    if kind is None or (is_leaf is not None and is_leaf(tree)):
        leaves.append(tree)
        return _leaf
    if kind == "namedtuple":
        children, context, kind = list(tree), None, type(tree)
    else:
        children, context = _kinds[kind].flatten(tree)
    return TreeSpec(kind, context, [_flatten(each, leaves, is_leaf) for each in children])


def tree_unflatten(leaves: Iterable[Any], treespec: TreeSpec) -> PyTree:
    """Return a tree of a form with the given leaves."""
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            f"tree_unflatten(leaves, treespec): Expected `treespec` to be instance of TreeSpec but got item of type "
            f"{type(treespec)}."
        )
    return treespec.unflatten(leaves)


def tree_leaves(tree: PyTree, is_leaf: Callable[[Any], bool] | None = None) -> list[Any]:
    """Return the leaves of a tree."""
    return tree_flatten(tree, is_leaf)[0]


def tree_iter(tree: PyTree, is_leaf: Callable[[Any], bool] | None = None) -> Iterable[Any]:
    """Return an iterator over the leaves of a tree."""
    return iter(tree_leaves(tree, is_leaf))


def tree_structure(tree: PyTree, is_leaf: Callable[[Any], bool] | None = None) -> TreeSpec:
    """Return the form of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def tree_map(
    func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: Callable[[Any], bool] | None = None
) -> PyTree:
    """Return the tree of what a function gives for each leaf (and the leaves in the same place of other trees)."""
    leaves, spec = tree_flatten(tree, is_leaf)
    others = [_leaves_along(spec, rest) for rest in rests]
    return spec.unflatten([func(*each) for each in zip(leaves, *others, strict=True)])


def _leaves_along(spec: TreeSpec, tree: Any) -> list[Any]:
    """Return what a tree has where another has its leaves.

    Raises
    ------
    ValueError
        When the trees differ in form.
    """
    if spec.is_leaf():
        return [tree]
    kind = type(tree) if _kind_of(tree) == "namedtuple" else _kind_of(tree)
    children = list(tree) if kind is not None and _is_named(kind) else _kinds[kind].flatten(tree)[0] if kind else []
    if kind is not spec.type or len(children) != spec.num_children:
        raise ValueError(f"Node type mismatch; expected {spec.type}, but got {type(tree)}.")
    if isinstance(tree, dict):
        keys = spec._context if kind is not defaultdict else spec._context[1]
        children = [tree[key] for key in keys]
    return [
        leaf for child, form in zip(children, spec.children_specs, strict=True) for leaf in _leaves_along(form, child)
    ]


def tree_map_(
    func: Callable[..., Any], tree: PyTree, *rests: PyTree, is_leaf: Callable[[Any], bool] | None = None
) -> PyTree:
    """Call a function with each leaf, as `tree_map` does, and return the tree itself."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_only(
    type_or_predicate: Any, func: Callable[[Any], Any], tree: PyTree, is_leaf: Callable[[Any], bool] | None = None
) -> PyTree:
    """Map the leaves of some types (or for which a predicate holds), and keep the others."""
    if isinstance(type_or_predicate, (type, tuple)):
        return tree_map(lambda x: func(x) if isinstance(x, type_or_predicate) else x, tree, is_leaf=is_leaf)
    return tree_map(lambda x: func(x) if type_or_predicate(x) else x, tree, is_leaf=is_leaf)


def tree_all(
    predicate: Callable[[Any], bool], tree: PyTree, is_leaf: Callable[[Any], bool] | None = None
) -> bool:  # fmt: skip
    """Whether a predicate holds for all leaves."""
    return all(map(predicate, tree_iter(tree, is_leaf)))


def tree_any(
    predicate: Callable[[Any], bool], tree: PyTree, is_leaf: Callable[[Any], bool] | None = None
) -> bool:  # fmt: skip
    """Whether a predicate holds for a leaf."""
    return any(map(predicate, tree_iter(tree, is_leaf)))


def _broadcast_to_and_flatten(tree: PyTree, treespec: TreeSpec) -> list[Any] | None:
    """Return one entry of ``tree`` a leaf of a form, entries being repeated where the form goes deeper; else None."""
    if treespec.is_leaf():
        return [tree] if _kind_of(tree) is None else None
    kind = _kind_of(tree)
    if kind is None:
        return [tree] * treespec.num_leaves
    if kind == "namedtuple":
        kind, children, context = type(tree), list(tree), None
    else:
        children, context = _kinds[kind].flatten(tree)
    if kind is not treespec.type or len(children) != treespec.num_children or context != treespec._context:
        return None
    found: list[Any] = []
    for child, form in zip(children, treespec.children_specs, strict=True):
        part = _broadcast_to_and_flatten(child, form)
        if part is None:
            return None
        found.extend(part)
    return found
