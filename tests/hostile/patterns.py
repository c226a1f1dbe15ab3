"""Finds the regular expressions of the package: those that its modules hold, and those in the calls of ``re``."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import CellType, FunctionType, ModuleType

import wyoming_hayakoe
from wyoming_hayakoe.text.rule import Rule, run
from wyoming_hayakoe.text.rules.contexts import ContextRule

_ROOT = Path(wyoming_hayakoe.__file__).parent
_EXTRAS = {"torch", "transformers"}  # where an extra is missing, only the calls of its modules are read

_WAYS: Mapping[str, Callable[[re.Pattern[str], str], object]] = {
    "match": re.Pattern.match,
    "fullmatch": re.Pattern.fullmatch,
    "search": re.Pattern.search,
    "finditer": lambda pattern, text: list(pattern.finditer(text)),
}
_FUNCTIONS = {**{way: way for way in _WAYS}, **dict.fromkeys(("sub", "subn", "split", "findall"), "finditer")}

# Functions that build a pattern from what they are called with, each with patterns that it builds.
_BUILT: Mapping[str, Collection[str]] = {
    "text.rule.rule": (),  # each is a rule, which is found in its table
    "text.rules.contexts.pattern": (),  # likewise
    "text.english._is_spelling": ("(?:ブイ|ヴィー|ビー)(?:エイチ|エッチ)(?:ズィー|ゼット)" * 20,),
    # A question of an HTS voice: ``*`` and what stands between, as in "*/A:-??+*_*|*-a+*".
    "engine.hts.trees._pattern": (r"\A(?:(?>.*?/A:\-..\+)(?>.*?_).*\Z|(?>.*?\-a\+).*\Z)",),
    "server.instance_name._kept_in": (re.escape("声 1.0-2-") + r"-\d+",),
}


@dataclass(frozen=True)
class Use:
    """A pattern, and one way in which the package runs it over a text."""

    where: str
    pattern: re.Pattern[str]
    run: Callable[[str], object]


def uses() -> list[Use]:
    """Return each pattern in each way it is used; in all ways where none is known."""
    ways = _ways_by_name()
    found: dict[tuple[str, int, object], Use] = {}
    for name in _module_names():
        module = _imported(name)
        for where, value in _held(module) if module is not None else ():
            if isinstance(value, Rule) and (callable(value.replacement) or isinstance(value.replacement, str)):
                found.setdefault(
                    (value.pattern.pattern, value.pattern.flags, value.replacement),
                    Use(f"{where} {value.name!r}", value.pattern, partial(run, (value,))),
                )
                continue
            pattern = value.pattern if isinstance(value, Rule | ContextRule) else value
            for way in ways.get(where.rpartition(".")[2], _WAYS):
                use = Use(f"{where}.{way}", pattern, partial(_WAYS[way], pattern))
                found.setdefault((pattern.pattern, pattern.flags, way), use)
        for where, pattern, way in _called(name, module):
            use = Use(f"{where}.{way}", pattern, partial(_WAYS[way], pattern))
            found.setdefault((pattern.pattern, pattern.flags, way), use)
    return list(found.values())


def _module_names() -> list[str]:
    walked = pkgutil.walk_packages(wyoming_hayakoe.__path__, "wyoming_hayakoe.", onerror=lambda _: None)
    return [module.name for module in walked if not module.name.endswith("__main__")]


def _imported(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        return None


@cache
def _tree(name: str) -> ast.Module:
    path = _ROOT.joinpath(*name.split(".")[1:])
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(file.read_text(encoding="utf-8"))


def _held(module: ModuleType) -> Iterator[tuple[str, "re.Pattern[str] | Rule[object] | ContextRule"]]:
    """Yield the patterns and rules in the values of a module: in its tables, classes, closures and defaults."""
    seen: set[int] = set()
    waiting: list[tuple[str, object]] = [
        (f"{module.__name__}.{name}", value) for name, value in vars(module).items() if not name.startswith("__")
    ]
    while waiting:
        where, value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        if isinstance(value, Rule | ContextRule) or (isinstance(value, re.Pattern) and isinstance(value.pattern, str)):
            yield where, value
        waiting += [(f"{where}{name}", each) for name, each in _inside(value, module)]


def _inside(value: object, module: ModuleType) -> Iterator[tuple[str, object]]:
    """Yield what a value of a module holds, and by which name; nothing of another module's."""
    match value:
        case Rule():
            yield "", value.replacement
        case dict():
            yield from (("", each) for each in (*value, *value.values()))
        case list() | tuple() | set() | frozenset():
            yield from (("", each) for each in value)
        case partial():
            yield from (("", each) for each in (value.func, value.args, value.keywords))
        case FunctionType() if value.__module__ == module.__name__:
            cells = [cell.cell_contents for cell in value.__closure__ or () if cell != CellType()]
            yield from (("", each) for each in (*cells, value.__defaults__, value.__kwdefaults__))
        case type() if value.__module__ == module.__name__:
            yield from ((f".{name}", each) for name, each in vars(value).items())
        case _ if type(value).__module__.startswith("wyoming_hayakoe"):
            slots = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
            names = [*getattr(value, "__dict__", ()), *slots]
            yield from ((f".{name}", getattr(value, name, None)) for name in names)


def _ways_by_name() -> dict[str, set[str]]:
    """Return which methods the package calls on what has a name, as in ``_DIGITS.sub(…)``; wherever it is called."""
    ways: dict[str, set[str]] = {}
    for tree in map(_tree, _module_names()):
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(ast.Name(name) | ast.Attribute(_, name), method) if method in _FUNCTIONS:
                    ways.setdefault(name, set()).add(_FUNCTIONS[method])
    return ways


def _called(name: str, module: ModuleType | None) -> Iterator[tuple[str, re.Pattern[str], str]]:
    """Yield the patterns in calls such as ``re.sub("…", …)``, where they are, and the way they are used.

    What a module has compiled when it is imported is left out: it holds that.
    """
    for function, call in _calls(_tree(name), None):
        method = call.func.attr  # type: ignore[attr-defined]
        if method == "compile" and function is None and module is not None:
            continue
        ways = [_FUNCTIONS[method]] if method in _FUNCTIONS else list(_WAYS)
        flags = [each for each in (*call.args[1:], *(word.value for word in call.keywords)) if _is_flag(each)]
        try:
            arguments = [_value(each, module) for each in (call.args[0], *flags)]
            patterns = [re.compile(*arguments)]
        except NameError:  # of the function's own names; a KeyError here asks for a line in _BUILT
            patterns = [re.compile(each) for each in _BUILT[f"{name.partition('.')[2]}.{function}"]]
        for pattern in patterns:
            yield from ((f"{name}:{call.lineno}", pattern, way) for way in ways)


def _calls(node: ast.AST, function: str | None) -> Iterator[tuple[str | None, ast.Call]]:
    """Yield the calls of functions of ``re`` below a node, each with the function that it is in."""
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        match child:
            case ast.Call(ast.Attribute(ast.Name("re"), method)) if method in {"compile", *_FUNCTIONS}:
                yield function, child
        yield from _calls(child, inside)


def _is_flag(node: ast.expr) -> bool:
    return all(isinstance(each, ast.Attribute | ast.BinOp) or ast.unparse(each) == "re" for each in _expressions(node))


def _expressions(node: ast.expr) -> Iterator[ast.expr]:
    return (each for each in ast.walk(node) if isinstance(each, ast.expr))


def _value(node: ast.expr, module: ModuleType | None) -> object:
    code = compile(ast.Expression(node), "<pattern>", "eval")
    return eval(code, {"re": re} if module is None else dict(vars(module)))
