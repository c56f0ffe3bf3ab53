"""The websocket framing v1 of kernel messages."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derby_notebook.kernels.messages import KernelMessage, decode, encode, request

json_objects = st.dictionaries(st.text(), st.text() | st.integers(-1000, 1000) | st.none())


@given(st.text(), json_objects, json_objects, st.lists(st.binary(), max_size=3))
def test_a_message_comes_out_as_it_went_in(
    channel: str, header: dict[str, object], content: dict[str, object], buffers: list[bytes]
) -> None:
    message = KernelMessage(channel, header, content, {"msg_id": "p"}, {}, tuple(buffers))
    assert decode(encode(message)) == message


def test_the_frame_is_counted_and_measured_as_jupyter_does() -> None:
    frame = encode(KernelMessage("shell", {}, {}, buffers=(b"xyz",)))
    count, *offsets = struct.unpack_from("<8Q", frame)
    assert count == 7
    assert offsets[0] == 8 * 8
    assert frame[offsets[0] : offsets[1]] == b"shell"
    assert frame[offsets[5] : offsets[6]] == b"xyz"
    assert offsets[6] == len(frame)


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        struct.pack("<Q", 2**40),
        struct.pack("<3Q", 2, 24, 24),
        struct.pack("<7Q", 6, 56, 56, 56, 56, 56, 56),
        struct.pack("<Q", 7) + b"\xff" * 56,
    ],
)
def test_a_malformed_frame_is_a_value_error(frame: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - every kind of damage has a text of its own
        decode(frame)


def test_a_request_names_its_session_and_has_an_id_of_its_own() -> None:
    one, two = (request("shell", "kernel_info_request", {}, "s") for _ in range(2))
    assert one.id != two.id
    assert (one.header["session"], one.kind, one.parent_id) == ("s", "kernel_info_request", "")
