// Package astro is the real thing behind the supervisor in the sandbox: Astro's dev server on a small site, started as the image starts it
// (container/astro-dev.mjs), and an API that changes the site's files as Claude's tools do. Astro, and the Node that runs it, come from
// npm, in the versions that the site's package-lock.json pins.
package astro
