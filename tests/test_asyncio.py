"""Loads within a running event loop, and beside one."""

import asyncio
import threading

import pytest

import mews_frames as mf


@pytest.fixture
def client(clock):
    with mf.sandbox(rows=60, clock=clock) as mews:
        yield mews.client()


def test_a_load_works_within_a_running_loop(client):
    async def load():
        return client.load_entities("OrderItem", progress=False).collect()

    assert asyncio.run(load()).height == 60


def test_reading_at_mews_works_within_a_running_loop(client):
    async def load():
        return client.load_entities("OrderItem", cache=False, progress=False).collect()

    assert asyncio.run(load()).height == 60


def test_a_load_in_a_thread_leaves_the_loop_free(client):
    may_go_on = threading.Event()

    async def load():
        loop, begun = asyncio.get_running_loop(), asyncio.Event()

        def tell(event):
            loop.call_soon_threadsafe(begun.set)
            assert may_go_on.wait(60)

        call = asyncio.to_thread(client.load_entities, "OrderItem", progress=tell)
        load = asyncio.create_task(call)
        await begun.wait()
        may_go_on.set()  # by the loop, while the load is under way
        return await (await load).collect_async()

    assert asyncio.run(load()).height == 60


def test_threads_share_a_client(client):
    async def load():
        names = ("OrderItem", "Bill", "Payment")
        loads = (asyncio.to_thread(client.load_entities, n, progress=False) for n in names)
        return await asyncio.gather(*loads)

    assert [frame.collect().height > 0 for frame in asyncio.run(load())] == [True] * 3
