import { defineConfig } from 'astro/config';

// The site's own settings. What the editor needs is added by container/astro-dev.mjs, and is no part of the site.
export default defineConfig({ devToolbar: { enabled: false } });
