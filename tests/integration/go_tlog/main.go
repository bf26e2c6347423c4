// Command tlogcheck reads a published log with the libraries of the Go checksum database, and nothing of ours.
//
// Usage: tlogcheck FOLDER VERIFIER-KEY
//
// It opens the checkpoint, verifies every leaf hash against its entry bundle, every stored hash against
// the signed root, an inclusion proof for a sample of entries, and consistency from a sample of sizes.
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// folder is a log on disk, as a tlog.TileReader: only the form of its paths differs from the checksum database's.
type folder string

func (f folder) Height() int { return height }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, tile := range tiles {
		// tile/8/L/N becomes tile/L/N.
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", height), "tile/", 1)
		data, err := os.ReadFile(filepath.Join(string(f), path))
		if err != nil {
			return nil, err
		}
		all = append(all, data)
	}
	return all, nil
}

func (f folder) bundle(index, width int64) ([][]byte, error) {
	tile := tlog.Tile{H: height, L: 0, N: index, W: int(width)}
	path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/0/", height), "tile/entries/", 1)
	data, err := os.ReadFile(filepath.Join(string(f), path))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		size := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+size])
		data = data[2+size:]
	}
	if int64(len(entries)) != width {
		return nil, fmt.Errorf("%s holds %d entries", path, len(entries))
	}
	return entries, nil
}

func opened(dir, key string) (tlog.Tree, error) {
	var tree tlog.Tree
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return tree, err
	}
	raw, err := os.ReadFile(filepath.Join(dir, "checkpoint"))
	if err != nil {
		return tree, err
	}
	signed, err := note.Open(raw, note.VerifierList(verifier))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(signed.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tree, fmt.Errorf("not a checkpoint of %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tree, err
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil {
		return tree, err
	}
	tree.N = size
	copy(tree.Hash[:], root)
	return tree, nil
}

func check(dir, key string) error {
	tree, err := opened(dir, key)
	if err != nil {
		return err
	}
	log := folder(dir)
	// TileHashReader checks every tile that it reads against the signed root.
	hashes := tlog.TileHashReader(tree, log)
	for first := int64(0); first < tree.N; first += 1 << height {
		width := min(tree.N-first, 1<<height)
		entries, err := log.bundle(first>>height, width)
		if err != nil {
			return err
		}
		for offset, entry := range entries {
			found, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, first+int64(offset))})
			if err != nil {
				return err
			}
			leaf := tlog.RecordHash(entry)
			if !bytes.Equal(found[0][:], leaf[:]) {
				return fmt.Errorf("entry %d does not hash to its leaf", first+int64(offset))
			}
		}
	}
	step := max(tree.N/16, 1)
	for index := int64(0); index < tree.N; index += step {
		if err := proven(tree, hashes, log, index); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	fmt.Printf("%d %x\n", tree.N, tree.Hash[:])
	return nil
}

func proven(tree tlog.Tree, hashes tlog.HashReader, log folder, index int64) error {
	entries, err := log.bundle(index>>height, min(tree.N-index>>height<<height, 1<<height))
	if err != nil {
		return err
	}
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		return err
	}
	leaf := tlog.RecordHash(entries[index&(1<<height-1)])
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
		return err
	}
	older := index + 1
	consistency, err := tlog.ProveTree(tree.N, older, hashes)
	if err != nil {
		return err
	}
	root, err := tlog.TreeHash(older, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(consistency, tree.N, tree.Hash, older, root)
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: tlogcheck FOLDER VERIFIER-KEY")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
