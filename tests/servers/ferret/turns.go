package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

const (
	headerSize = 16
	maxMessage = 64 << 20
	opMsg      = 2013
	moreToCome = 1 << 1
)

// turns hands the requests of all clients to a server one at a time.
//
// FerretDB looks for the documents that an update matches and writes them in two steps, so two
// guarded replacements at once may both find the old document. MongoDB takes them one by one, and
// that is what the adapter under test builds on.
type turns struct {
	server string // the Unix socket that FerretDB listens on
	turn   sync.Mutex
}

// serve answers clients until the listener is closed.
func (t *turns) serve(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		go t.relay(client)
	}
}

func (t *turns) relay(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("unix", t.server)
	if err != nil {
		return
	}
	defer server.Close()
	for {
		request, err := readMessage(client)
		if err != nil {
			return
		}
		reply, err := t.ask(server, request)
		if err != nil {
			return
		}
		if _, err := client.Write(reply); err != nil {
			return
		}
	}
}

// ask returns the server's reply, which is empty for a request that wants none.
func (t *turns) ask(server net.Conn, request []byte) ([]byte, error) {
	t.turn.Lock()
	defer t.turn.Unlock()
	if _, err := server.Write(request); err != nil {
		return nil, err
	}
	if !wantsReply(request) {
		return nil, nil
	}
	return readMessage(server)
}

func wantsReply(request []byte) bool {
	if binary.LittleEndian.Uint32(request[12:]) != opMsg || len(request) < headerSize+4 {
		return true
	}
	return binary.LittleEndian.Uint32(request[headerSize:])&moreToCome == 0
}

// readMessage returns one whole message of MongoDB's wire protocol; its length stands first.
func readMessage(from io.Reader) ([]byte, error) {
	header := make([]byte, headerSize)
	if _, err := io.ReadFull(from, header); err != nil {
		return nil, err
	}
	size := binary.LittleEndian.Uint32(header)
	if size < headerSize {
		return nil, errors.New("a message shorter than its header")
	}
	if size > maxMessage {
		return nil, fmt.Errorf("a message of %d bytes", size)
	}
	message := make([]byte, size)
	copy(message, header)
	_, err := io.ReadFull(from, message[headerSize:])
	return message, err
}
