package gz

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func pack(t require.TestingT, content []byte) []byte {
	var out bytes.Buffer
	digest, err := Pack(context.Background(), &out, bytes.NewReader(content))
	require.NoError(t, err)
	require.Equal(t, Digest{Size: int64(len(content)), Hash: maphash.Bytes(seed, content)}, digest)
	return out.Bytes()
}

func TestPackIsReadByOthers(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 300_000).Draw(t, "content")
		packed := pack(t, content)
		r, err := gzip.NewReader(bytes.NewReader(packed))
		require.NoError(t, err)
		back, err := io.ReadAll(r)
		require.NoError(t, err)
		require.True(t, bytes.Equal(content, back))
		digest, err := Check(t.Context(), iotest.HalfReader(bytes.NewReader(packed)))
		require.NoError(t, err)
		require.Equal(t, maphash.Bytes(seed, content), digest.Hash)
	})
}

// Every truncation and every flipped bit is found, or does not change the content.
func TestCheckFindsEveryDamage(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte(`{"role":"user","content":"hello"},`), 40)
	packed := pack(t, content)
	good := Digest{Size: int64(len(content)), Hash: maphash.Bytes(seed, content)}
	for n := range packed {
		_, err := Check(t.Context(), bytes.NewReader(packed[:n]))
		require.ErrorIs(t, err, ErrCorrupt, "cut at %d", n)
	}
	for i := range packed {
		for bit := range 8 {
			damaged := bytes.Clone(packed)
			damaged[i] ^= 1 << bit
			digest, err := Check(t.Context(), bytes.NewReader(damaged))
			if err == nil {
				require.Equal(t, good, digest, "byte %d bit %d", i, bit)
			} else {
				require.ErrorIs(t, err, ErrCorrupt, "byte %d bit %d", i, bit)
			}
		}
	}
	for _, tail := range []string{"\x00", "x", string(packed)} {
		_, err := Check(t.Context(), io.MultiReader(bytes.NewReader(packed), bytes.NewReader([]byte(tail))))
		require.ErrorIs(t, err, ErrCorrupt)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		base := rapid.SliceOfN(rapid.Byte(), 0, 200_000).Draw(t, "base")
		packed := pack(t, base)
		relation := func(plain []byte) Relation {
			r, err := Compare(t.Context(), bytes.NewReader(packed), iotest.DataErrReader(bytes.NewReader(plain)))
			require.NoError(t, err)
			return r
		}
		require.Equal(t, Identical, relation(base))
		more := rapid.SliceOfN(rapid.Byte(), 1, 10).Draw(t, "more")
		require.Equal(t, Prefix, relation(append(bytes.Clone(base), more...)))
		if len(base) > 0 {
			at := rapid.IntRange(0, len(base)-1).Draw(t, "at")
			require.Equal(t, Different, relation(base[:at]))
			other := bytes.Clone(base)
			other[at]++
			require.Equal(t, Different, relation(other))
			require.Equal(t, Different, relation(append(other, more...)))
		}
	})
}

// A disk that fails is not a damaged file.
func TestFaultsOfTheDiskAreTold(t *testing.T) {
	t.Parallel()
	fault := errors.New("disk gone")
	packed := pack(t, bytes.Repeat([]byte("x"), 100_000))
	for n := range packed {
		_, err := Check(t.Context(), io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(fault)))
		require.ErrorIs(t, err, fault, "after %d", n)
		require.NotErrorIs(t, err, ErrCorrupt, "after %d", n)
	}
	_, err := Check(t.Context(), io.MultiReader(bytes.NewReader(packed), iotest.ErrReader(fault)))
	require.ErrorIs(t, err, fault)
	_, err = Pack(t.Context(), io.Discard, iotest.ErrReader(fault))
	require.ErrorIs(t, err, fault)
	_, err = Compare(t.Context(), bytes.NewReader(packed), iotest.ErrReader(fault))
	require.ErrorIs(t, err, fault)
	_, err = Pack(t.Context(), failing{fault}, bytes.NewReader(make([]byte, 1<<20)))
	require.ErrorIs(t, err, fault)
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestInterruption(t *testing.T) {
	t.Parallel()
	cause := errors.New("time is up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := Pack(ctx, io.Discard, bytes.NewReader([]byte("x")))
	require.ErrorIs(t, err, cause)
	_, err = Check(ctx, bytes.NewReader(pack(t, []byte("x"))))
	require.ErrorIs(t, err, cause)
}

// A packer that has failed must not pass anything on to its next user.
func TestPackersStartClean(t *testing.T) {
	t.Parallel()
	for range 50 {
		_, err := Pack(t.Context(), failing{errors.New("x")}, bytes.NewReader(bytes.Repeat([]byte("old"), 100_000)))
		require.Error(t, err)
		content := []byte("new")
		digest, err := Check(t.Context(), bytes.NewReader(pack(t, content)))
		require.NoError(t, err)
		require.Equal(t, maphash.Bytes(seed, content), digest.Hash)
	}
}
