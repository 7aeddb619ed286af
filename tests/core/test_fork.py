"""A client after a fork: the child opens its own connections, and does not touch those of the parent.

Each program runs in its own process, against a server of the test. The programs print only errors,
and the server knows the connection of each request.
"""

import json
import os
import ssl
import subprocess
import sys
import threading
from collections import defaultdict
from pathlib import Path

import pytest
import trustme

from answers import listing, rows
from wire import Exchange, Wire, http

COUNT = 60
"""Invoices of each account: three pages."""

PRELUDE = """
import asyncio, gc, multiprocessing, os, signal, sys, threading, time
from finerworks import AsyncFinerWorks, AsyncHTTPClient, FinerWorks, HTTPClient

COUNT = 60

def ids(account):
    return [f"{account}-{number}" for number in range(COUNT)]

def check_page(page, account):
    found = [invoice.invoice_id for invoice in page.invoices]
    return found == ids(account)[:10]

def get_page(fw, account):
    return check_page(fw.invoices.page(per_page=10, account_key=account), account)

def get_all(fw, account):
    return [each.invoice_id for each in fw.invoices.list(account_key=account)] == ids(account)

async def get_page_async(fw, account):
    return check_page(await fw.invoices.page(per_page=10, account_key=account), account)

async def get_all_async(fw, account):
    found = [each.invoice_id async for each in fw.invoices.list(account_key=account)]
    return found == ids(account)

def succeeds(child):
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) == 0
"""


class Accounts:
    """A server that returns each account's invoices, and records each connection."""

    def __init__(self, seconds: float = 0.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._by_connection: defaultdict[threading.Thread, list[str]] = defaultdict(list)

    def __call__(self, exchange: Exchange) -> None:
        """Send the page that was requested."""
        request = json.loads(exchange.body)
        account = request["account_key"]
        with self._lock:  # each connection is served by its own thread
            self._by_connection[threading.current_thread()].append(account)
        exchange.pause(self._seconds)
        first = (request["page_number"] - 1) * request["per_page"]
        ids = [f"{account}-{number}" for number in range(COUNT)]
        found = rows(*ids[first : first + request["per_page"]])
        exchange.send(http(json.dumps(listing(found, COUNT)).encode()))

    @property
    def connections(self) -> list[list[str]]:
        """The accounts of the requests of each connection, in their order."""
        with self._lock:
            return list(self._by_connection.values())

    def shared(self, *accounts: str) -> list[list[str]]:
        """Return the connections that carried requests of more than one of these accounts."""
        return [came for came in self.connections if len(set(came) & set(accounts)) > 1]


class Runner:
    """Runs programs, over TCP or over TLS."""

    def __init__(self, tls: ssl.SSLContext | None, certificates: Path | None) -> None:
        self.tls = tls
        self._certificates = certificates

    def run(self, program: str, url: str, *, first: str = "") -> str:
        """Run a program to its end, after what is to run first, and return what it printed.

        Each program ends itself if it hangs: so do its children, which would hold its output open.
        """
        # Coverage has locks of its own, which a forked process may inherit locked.
        inherited = {name: os.environ[name] for name in os.environ if "COVERAGE" not in name}
        environment = {
            **inherited,
            "FINERWORKS_BASE_URL": url,
            "FINERWORKS_WEB_API_KEY": "the-web-api-key",
            "FINERWORKS_APP_KEY": "the-app-key",
        }
        if self._certificates is not None:
            environment["SSL_CERT_FILE"] = str(self._certificates)
        with subprocess.Popen(
            [sys.executable, "-W", "ignore::DeprecationWarning", "-c", first + PRELUDE + program],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        ) as running:
            try:
                printed, errors = running.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, 9)
                printed, errors = running.communicate()
                pytest.fail(f"the program, or a child of it, hangs: {printed}{errors}")
        assert (running.returncode, errors) == (0, "")
        return printed


@pytest.fixture(params=["tcp", "tls"])
def runner(request: pytest.FixtureRequest, tmp_path: Path) -> Runner:
    """Return what runs programs, whose server speaks TLS or does not."""
    if request.param == "tcp":
        return Runner(None, None)
    authority = trustme.CA()
    certificates = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(certificates)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)  # pyright: ignore[reportUnknownMemberType] - it takes other kinds too
    return Runner(context, certificates)


CLIENTS = {
    "client": "fw = FinerWorks()",
    "view": "first = FinerWorks(); fw = first.with_options(timeout=20)",
    "view of a view": "first = FinerWorks(); fw = first.with_options(timeout=9).with_options(timeout=20)",
    "http_client": "http_client = HTTPClient(); fw = FinerWorks(http_client=http_client)",
}


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
def test_parent_and_child_read_their_own_accounts_at_the_same_time(
    runner: Runner, client: str
) -> None:
    """Parent and child never receive each other's invoices, and share no connection."""
    program = f"""
{client}
assert get_page(fw, "before")
ready, used = os.pipe()
child = os.fork()
account = "parent" if child else "child"
if child:
    os.read(ready, 1)
else:
    assert get_page(fw, account)  # first, so that it would find the parent's connection idle
    os.write(used, b"1")
correct = sum(get_page(fw, account) for _ in range(50))
correct += get_all(fw, account)
if not child:
    sys.exit(correct != 51)
print(correct, succeeds(child))
"""
    accounts = Accounts(0.001)
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "51 True\n"
    assert accounts.shared("parent", "child") == []
    assert accounts.shared("before", "child") == []


def test_a_view_made_in_the_child_has_the_childs_connections(runner: Runner) -> None:
    """`with_options()` in the child uses only connections that the child opened."""
    program = """
fw = FinerWorks()
assert get_page(fw, "parent")
child = os.fork()
if not child:
    view = fw.with_options(timeout=20)
    sys.exit(not (get_page(view, "child") and get_page(fw, "child")))
print(succeeds(child), get_page(fw, "parent"))
"""
    accounts = Accounts()
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "True True\n"
    assert accounts.connections == [["parent", "parent"], ["child", "child"]]


CLIENTS_IN_A_LOOP = {
    "client": "fw = AsyncFinerWorks()",
    "view": "first = AsyncFinerWorks(); fw = first.with_options(timeout=20)",
    "http_client": "http_client = AsyncHTTPClient(); fw = AsyncFinerWorks(http_client=http_client)",
}


@pytest.mark.parametrize("client", CLIENTS_IN_A_LOOP.values(), ids=CLIENTS_IN_A_LOOP)
def test_parent_and_child_use_an_async_client_at_the_same_time(runner: Runner, client: str) -> None:
    """The parent continues in its event loop while the child runs its own."""
    program = f"""
{client}
loop = asyncio.new_event_loop()
assert loop.run_until_complete(get_page_async(fw, "parent"))

async def use(account):
    correct = await get_page_async(fw, account)
    if account == "child":
        os.write(used, b"1")  # so that the child is the first to find the parent's connection idle
    for _ in range(49):
        correct += await get_page_async(fw, account)
    return correct + await get_all_async(fw, account)

ready, used = os.pipe()
child = os.fork()
if not child:
    sys.exit(asyncio.run(use("child")) != 51)
os.read(ready, 1)
correct = loop.run_until_complete(use("parent"))
print(correct, succeeds(child), loop.run_until_complete(get_page_async(fw, "parent")))
loop.run_until_complete(fw.aclose())
loop.close()
"""
    accounts = Accounts(0.001)
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url).splitlines() == ["51 True True"]
    assert accounts.shared("parent", "child") == []


@pytest.mark.parametrize("how", ["fork", "multiprocessing"])
def test_a_child_uses_an_async_client_whose_loop_has_ended(runner: Runner, how: str) -> None:
    """A client that `asyncio.run` used in the parent works under `asyncio.run` in the child."""
    program = """
fw = AsyncFinerWorks()
assert asyncio.run(get_page_async(fw, "parent"))

def use():
    async def read():
        async with fw:
            return await get_page_async(fw, "child") and await get_all_async(fw, "child")
    sys.exit(not asyncio.run(read()))
"""
    starts = {
        "fork": """
child = os.fork()
if not child:
    use()
print(succeeds(child))
""",
        "multiprocessing": """
worker = multiprocessing.get_context("fork").Process(target=use)
worker.start()
worker.join()
print(worker.exitcode == 0)
""",
    }
    accounts = Accounts()
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program + starts[how], wire.url) == "True\n"
    assert accounts.shared("parent", "child") == []


ENDS = {
    "exit": "sys.exit()",
    "close and exit": "fw.close(); sys.exit()",
    "forget and exit": "del fw; gc.collect(); sys.exit()",
    "_exit": "os._exit(0)",
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("requests", [0, 2])
def test_the_end_of_a_child_leaves_the_parents_connection_usable(
    runner: Runner, requests: int, end: str
) -> None:
    """After the child exits, the parent's connection still works."""
    program = f"""
fw = FinerWorks()
assert get_page(fw, "parent")
child = os.fork()
if not child:
    for _ in range({requests}):
        assert get_page(fw, "child")
    {end}
succeeds(child)
print(get_page(fw, "parent"), get_all(fw, "parent"))
"""
    accounts = Accounts()
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "True True\n"
    assert accounts.connections[0][:3] == ["parent"] * 3
    assert [came for came in accounts.connections if "child" in came] == (
        [["child"] * requests] if requests else []
    )


@pytest.mark.parametrize("end", ["pass", "await fw.aclose()"])
@pytest.mark.parametrize("requests", [0, 2])
def test_the_end_of_a_child_leaves_the_parents_loop_usable(
    runner: Runner, requests: int, end: str
) -> None:
    """After the child exits, the parent's event loop still watches its connection."""
    program = f"""
fw = AsyncFinerWorks()
loop = asyncio.new_event_loop()
assert loop.run_until_complete(get_page_async(fw, "parent"))

async def use():
    for _ in range({requests}):
        assert await get_page_async(fw, "child")
    {end}

child = os.fork()
if not child:
    sys.exit(asyncio.run(use()))
print(succeeds(child), loop.run_until_complete(get_page_async(fw, "parent")))
loop.run_until_complete(fw.aclose())
loop.close()
"""
    accounts = Accounts()
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "True True\n"
    assert accounts.connections[0] == ["parent"] * 2
    assert accounts.connections[1:] == ([["child"] * requests] if requests else [])


def test_a_closed_client_is_closed_in_a_child_too(runner: Runner) -> None:
    """A client that was closed before the fork is closed in the child, too."""
    program = """
fw = FinerWorks()
assert get_page(fw, "parent")
fw.close()
child = os.fork()
if not child:
    try:
        get_page(fw, "child")
    except RuntimeError as error:
        sys.exit("closed" not in str(error))
    sys.exit("no error")
print(succeeds(child))
"""
    accounts = Accounts()
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "True\n"
    assert accounts.connections == [["parent"]]


def test_a_close_in_the_child_closes_the_childs_client_alone(runner: Runner) -> None:
    """Closing the client in the child does not close it in the parent."""
    program = """
fw = FinerWorks()
assert get_page(fw, "parent")
child = os.fork()
if not child:
    fw.close()
    try:
        get_page(fw, "child")
    except RuntimeError as error:
        sys.exit("closed" not in str(error))
    sys.exit("no error")
print(succeeds(child), get_page(fw, "parent"))
"""
    accounts = Accounts()
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "True True\n"
    assert accounts.connections == [["parent"] * 2]


def test_a_grandchild_has_connections_of_its_own(runner: Runner) -> None:
    """A fork of a fork opens its own connections, and all three processes continue."""
    program = """
fw = FinerWorks()
assert get_page(fw, "parent")
child = os.fork()
if not child:
    correct = get_page(fw, "child")
    grandchild = os.fork()
    if not grandchild:
        sys.exit(not (get_page(fw, "grandchild") and get_page(fw, "grandchild")))
    correct += get_page(fw, "child") + succeeds(grandchild) + get_page(fw, "child")
    sys.exit(correct != 4)
print(get_page(fw, "parent"), succeeds(child), get_page(fw, "parent"))
"""
    accounts = Accounts()
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "True True True\n"
    assert sorted(accounts.connections) == [["child"] * 3, ["grandchild"] * 2, ["parent"] * 3]


WATCHED_LOCKS = """
import os, sys, threading, traceback

class WatchedLock:
    # A lock that shows where a forked process takes it, which another thread may have held.

    def __init__(self, create):
        self._create = create
        self._ours = sys._getframe(2).f_globals["__name__"].partition(".")[0] != "asyncio"
        self._at_fork_reinit()

    def _at_fork_reinit(self):
        self._lock = self._create()
        self._process = os.getpid()

    def acquire(self, *args, **kwargs):
        if self._ours and os.getpid() != self._process:
            sys.stderr.write("".join(traceback.format_stack(limit=3)))
        return self._lock.acquire(*args, **kwargs)

    def __enter__(self):
        return self.acquire()

    def __exit__(self, *exc_info):
        self._lock.release()

    def __getattr__(self, name):
        return getattr(self._lock, name)

Lock, RLock = threading.Lock, threading.RLock
threading.Lock = lambda: WatchedLock(Lock)
threading.RLock = lambda: WatchedLock(RLock)
"""
"""Watches the locks of this package and of all that it imports, except those of asyncio itself."""


def test_the_child_takes_no_lock_of_its_parent(runner: Runner) -> None:
    """The child acquires no lock of its parent: another thread may have held it at the fork."""
    program = """
async def read_all_async():
    async with AsyncFinerWorks(http_client=async_client) as fw:
        return await get_page_async(fw, "child") and await get_all_async(fw, "child")

with FinerWorks() as fw:
    async_client = AsyncHTTPClient()
    assert get_page(fw, "parent") and get_all(fw, "parent")
    child = os.fork()
    if not child:
        right = get_page(fw, "child") and get_all(fw, "child")
        right = right and get_page(fw.with_options(timeout=20), "child")
        right = right and asyncio.run(read_all_async())
        os._exit(0 if right else 1)
    print(succeeds(child))
"""
    with Wire(Accounts(), tls=runner.tls) as wire:
        assert runner.run(program, wire.url, first=WATCHED_LOCKS) == "True\n"


def test_a_fork_while_other_threads_send_does_not_hang_the_child(runner: Runner) -> None:
    """A fork while other threads send does not block the child's requests."""
    program = """
sys.setswitchinterval(1e-5)
fw = FinerWorks(max_retries=0, timeout=30)
assert get_all(fw, "before")  # imports what it needs: a fork while a thread imports is Python's own hazard
ending, correct, wrong = threading.Event(), [], []

def send(account):
    while not ending.is_set():
        try:
            (correct if get_page(fw, account) else wrong).append(account)
        except Exception as error:
            wrong.append(f"{account}: {error!r}")

threads = [threading.Thread(target=send, args=(f"thread-{number}",)) for number in range(6)]
for thread in threads:
    thread.start()
while len(set(correct)) < len(threads) and not wrong:
    time.sleep(0.01)  # a fork while a thread opens a TLS connection is a hazard of OpenSSL
good = 0
for number in range(15):
    child = os.fork()
    if not child:
        signal.alarm(40)
        right = get_page(fw, f"child-{number}") and get_all(fw, f"child-{number}")
        os._exit(0 if right else 1)
    good += succeeds(child)
ending.set()
for thread in threads:
    thread.join()
print(good, wrong[:3], len(correct) > 0)
"""
    accounts = Accounts()
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "15 [] True\n"
    of_children = [came for came in accounts.connections if any("child" in each for each in came)]
    assert [came for came in of_children if len(set(came)) > 1] == []


@pytest.mark.parametrize("concurrency", [1, 6])
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_listing_that_the_parent_began_raises_in_the_child(kind: str, concurrency: int) -> None:
    """A listing that the parent began raises an error in the child, which can start a new one."""
    program = f"""
def begin():
    return fw.invoices.list(account_key="parent", concurrency={concurrency}).pages()

def refused(read):
    try:
        read()
    except RuntimeError as error:
        return "another process" in str(error)
    return False

if "{kind}" == "sync":
    fw = FinerWorks()
    pages = begin()
    found = len(next(pages).items)
    child = os.fork()
    if not child:
        right = refused(lambda: next(pages)) and get_all(fw, "child")
        pages.close()
        os._exit(not right)
    print(succeeds(child), found + sum(len(page.items) for page in pages))
else:
    fw, loop = AsyncFinerWorks(), asyncio.new_event_loop()
    pages = begin()
    found = len(loop.run_until_complete(anext(pages)).items)
    child = os.fork()
    if not child:
        async def step():
            return await anext(pages)
        right = refused(lambda: asyncio.run(step())) and asyncio.run(get_all_async(fw, "child"))
        os._exit(not right)

    async def rest():
        found = [len(page.items) async for page in pages]
        await fw.aclose()
        return found

    print(succeeds(child), found + sum(loop.run_until_complete(rest())))
    loop.close()
"""
    accounts = Accounts()
    with Wire(accounts) as wire:
        assert Runner(None, None).run(program, wire.url) == "True 60\n"
    assert accounts.shared("parent", "child") == []


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_transport_of_the_callers_is_not_shared_with_a_child(kind: str) -> None:
    """The caller's transport is refused in a child. The caller must create a new one."""
    program = f"""
import httpx

def attempt(send):
    try:
        return send()
    except RuntimeError:
        return True

if "{kind}" == "sync":
    fw = FinerWorks(http_client=HTTPClient(transport=httpx.HTTPTransport()))
    assert get_page(fw, "parent")
    child = os.fork()
    if not child:
        sys.exit(not attempt(lambda: get_page(fw, "child")))
    print(succeeds(child), get_page(fw, "parent"))
else:
    loop = asyncio.new_event_loop()
    http_client = AsyncHTTPClient(transport=httpx.AsyncHTTPTransport())
    fw = AsyncFinerWorks(http_client=http_client)
    assert loop.run_until_complete(get_page_async(fw, "parent"))
    child = os.fork()
    if not child:
        sys.exit(not attempt(lambda: asyncio.run(get_page_async(fw, "child"))))
    print(succeeds(child), loop.run_until_complete(get_page_async(fw, "parent")))
    loop.run_until_complete(http_client.aclose())
    loop.close()
"""
    accounts = Accounts()
    with Wire(accounts) as wire:
        assert Runner(None, None).run(program, wire.url) == "True True\n"
    assert accounts.connections[0] == ["parent"] * 2
    assert accounts.shared("parent", "child") == []


def test_workers_of_a_server_that_loads_the_program_first(runner: Runner) -> None:
    """A client works in forked workers, as with `gunicorn --preload`."""
    program = """
fw = FinerWorks()  # at import, in the process that forks
assert get_all(fw, "at-import")

def work(account):
    return sum(get_all(fw, account) for _ in range(10))

workers = []
for number in range(3):
    worker = os.fork()
    if not worker:
        sys.exit(work(f"worker-{number}") != 10)
    workers.append(worker)
print([succeeds(worker) for worker in workers], get_all(fw, "at-import"))
"""
    accounts = Accounts(0.001)
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "[True, True, True] True\n"
    assert accounts.shared("at-import", "worker-0", "worker-1", "worker-2") == []


def test_workers_of_a_queue(runner: Runner) -> None:
    """A client works in a pool of forked processes with many tasks, as in Celery."""
    program = """
fw = FinerWorks()
assert get_all(fw, "at-import")

def work(number):
    return (os.getpid(), get_all(fw, f"task-{number}"))

with multiprocessing.get_context("fork").Pool(3) as pool:
    done = pool.map(work, range(30), chunksize=1)
    pool.close()
    pool.join()
print(sum(right for _, right in done), os.getpid() in [worker for worker, _ in done])
print(get_all(fw, "at-import"))
"""
    accounts = Accounts(0.001)
    with Wire(accounts, tls=runner.tls) as wire:
        assert runner.run(program, wire.url) == "30 False\nTrue\n"
    tasks = [f"task-{number}" for number in range(30)]
    assert [
        came for came in accounts.connections if "at-import" in came and set(came) & {*tasks}
    ] == []
