package filetype_test

import (
	"os"
	"testing"

	"github.com/webordinary/live-edit/functions/cleanup/internal/owner"
)

func TestMain(m *testing.M) { os.Exit(owner.Main(m)) }
