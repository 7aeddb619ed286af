"""A program that a runtime type checker watches: `type_checked.py typeguard` or `beartype`.

It lists the invoices of the sandbox that its environment names, in every way that there is.
"""

import asyncio
import contextlib
import datetime as dt
import sys
import tempfile
import warnings
from pathlib import Path

PACKAGES = ("finerworks", "finerworks_client")
COUNT = 250
"""The number of invoices in the sandbox."""


def check_by_typeguard() -> None:
    """Let typeguard check every call, and fail for a name that it does not find."""
    import typeguard  # noqa: PLC0415 - the other checker does without it

    typeguard.config.forward_ref_policy = typeguard.ForwardRefPolicy.ERROR
    typeguard.install_import_hook(PACKAGES)


def check_by_beartype() -> None:
    """Let beartype check every call, and take an int for a float, as PEP 484 has it."""
    from beartype import BeartypeConf  # noqa: PLC0415 - see above
    from beartype.claw import beartype_packages  # noqa: PLC0415
    from beartype.roar import BeartypeDecorHintPep585DeprecationWarning  # noqa: PLC0415

    # httpx and httpcore spell some types in the old way.
    warnings.simplefilter("ignore", BeartypeDecorHintPep585DeprecationWarning)
    beartype_packages(PACKAGES, conf=BeartypeConf(is_pep484_tower=True))


def list_invoices() -> None:
    """List with the sync client, in every way that it has."""
    from finerworks import FinerWorks, dates  # noqa: PLC0415 - after the checker
    from finerworks.exports import export  # noqa: PLC0415
    from finerworks.report import write_report  # noqa: PLC0415

    with FinerWorks() as fw, tempfile.TemporaryDirectory() as folder:
        pager = fw.with_options(timeout=60).invoices.list()
        counts = [len(list(pager)), sum(len(page.items) for page in pager.pages())]
        counts += [pager.to_arrow().num_rows, len(pager.to_polars()), len(pager.to_pandas())]
        for ending in ("csv", "jsonl", "parquet", "xlsx"):
            counts.append(export(pager, Path(folder) / f"invoices.{ending}").count)
        write_report(pager, Path(folder) / "report.html", host="localhost")
        assert fw.invoices.page(per_page=10).total_count == COUNT
        assert fw.invoices.with_raw_response.page().parsed.total_count == COUNT
        counts += [len(pager.to_list()), pager.count()]
        first = fw.invoices.list(limit=1, since="2001-01", until=dt.date(2999, 1, 1)).first()
        assert first is not None
        assert dates.days_past_due(first, dt.date(2999, 1, 1)) or dates.month(first)
        assert all(map(repr, (fw, pager, first)))
    assert counts == [COUNT] * len(counts), counts


async def list_invoices_by_asyncio() -> None:
    """List with the async client, in every way that it has."""
    from finerworks import AsyncFinerWorks  # noqa: PLC0415 - after the checker

    async with AsyncFinerWorks() as fw:
        pager = fw.with_options(timeout=60).invoices.list()
        counts = [len([invoice async for invoice in pager])]
        counts.append(sum([len(page.items) async for page in pager.pages()]))
        counts += [(await pager.to_arrow()).num_rows, len(await pager.to_polars())]
        assert (await fw.invoices.page(per_page=10)).total_count == COUNT
        assert (await fw.invoices.with_raw_response.page()).parsed.total_count == COUNT
        counts += [len(await pager.to_list()), await pager.count()]
        assert await fw.invoices.list(limit=1, since="2001-01").first() is not None
        assert all(map(repr, (fw, pager)))
    assert counts == [COUNT] * len(counts), counts


def fail() -> None:
    """Meet an error of an argument, one of the connection, and one of the server."""
    from finerworks import APIConnectionError, AuthenticationError, CredentialsError, FinerWorks  # noqa: PLC0415 - after the checker

    with contextlib.suppress(CredentialsError):
        FinerWorks(web_api_key="one", app_key="two words")
        raise AssertionError("no error")
    with contextlib.suppress(APIConnectionError), FinerWorks(base_url="http://127.0.0.1:1") as fw:
        fw.with_options(max_retries=0).invoices.page()
        raise AssertionError("no error")
    with (
        contextlib.suppress(AuthenticationError),
        FinerWorks(web_api_key="one", app_key="another") as fw,
    ):
        fw.invoices.page()
        raise AssertionError("no error")


if __name__ == "__main__":
    globals()[f"check_by_{sys.argv[1]}"]()
    list_invoices()
    asyncio.run(list_invoices_by_asyncio())
    fail()
    sys.stdout.write("checked\n")
