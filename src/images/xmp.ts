// What image files say about themselves, and the XMP packet (ISO 16684-1) that says it in JPEG and WebP, which have no
// text chunks. DigitalSourceType is IPTC's machine-readable mark for media made by a trained model.

/** Everything needed to make the image again: model, class, seed, index, sampler settings. Plain JSON. */
export type Settings = Readonly<Record<string, unknown>>

/** The PNG keyword of the settings. */
export const SETTINGS_KEY = 'distilled-decoding'
/** Marks image and .npz files with settings of this package (files/replacing.ts): PNG text, JSON, XMP. */
export const settingsMark = /distilled-decoding\0|"distilled-decoding":|\sdd:settings="/
export const SOFTWARE = 'distilled-decoding'
export const COMMENT = 'AI-generated image'
/** A packet of ours has some 1,200. */
const maxPacketCharacters = 2 ** 17

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const characters = new Map(Object.entries(entities).map(([character, entity]) => [entity, character]))

/** The packet for an image with these settings. */
export function toXmp(settings: Settings | undefined): string {
  const json = settings && JSON.stringify(settings).replace(/[&<>"]/g, (character) => entities[character]!)
  return `<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" xmlns:dd="https://arxiv.org/abs/2412.17153#"
 xmp:CreatorTool="${SOFTWARE}"
 Iptc4xmpExt:DigitalSourceType="http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"${json ? `\n dd:settings="${json}"` : ''}>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">${COMMENT}</rdf:li></rdf:Alt></dc:description>
</rdf:Description></rdf:RDF></x:xmpmeta>
<?xpacket end="w"?>`
}

/** The settings' JSON in a packet that this package wrote; undefined for any other packet. */
export function settingsInXmp(xmp: string): string | undefined {
  if (xmp.length > maxPacketCharacters) return undefined
  const json = xmp.match(/\sdd:settings="([^"]*)"/)?.[1]
  return json?.replace(/&(amp|lt|gt|quot);/g, (entity) => characters.get(entity)!)
}
