// Trusted Types: the page's policy requires that every text that could become a script is checked here. Workers and the service
// worker must come from this origin; markup (the report's charts, made at build time) must hold no scripts or handlers.

interface Policies {
  createPolicy(name: string, rules: Record<string, (text: string) => string>): unknown
}

/** Installs the page's only policy, if the browser supports Trusted Types. */
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
