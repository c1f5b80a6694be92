// Trusted Types: the page's policy demands that every text that could become a script passes here. Workers and the service worker
// come from this origin; markup (the report's charts, made at build time) holds neither scripts nor handlers.

interface Policies {
  createPolicy(name: string, rules: Record<string, (text: string) => string>): unknown
}

/** Installs the page's one policy, where the browser knows such policies. */
export function trustOwn(): void {
  const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes
  policies?.createPolicy('default', {
    createScriptURL(text) {
      if (new URL(text, document.baseURI).origin === location.origin) return text
      throw new TypeError(`A script of another origin: ${text}`)
    },
    createHTML(text) {
      if (!/<script|<iframe|\son\w+\s*=|javascript:/i.test(text)) return text
      throw new TypeError('Markup with a script in it.')
    },
  })
}
