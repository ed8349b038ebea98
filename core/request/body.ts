/** Bytes of a posted form that are read; a form with an authorization response has a few hundred. */
export const MAX_FORM = 65_536;

/** The body of a request or a response as text; undefined, and no more of it read, when it has more bytes than `limit`. */
export async function readText({ body }: Pick<Response, "body">, limit: number): Promise<string | undefined> {
  const reader = body?.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let size = 0;
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
    size += part.value.length;
    if (size > limit) {
      await reader?.cancel();
      return undefined;
    }
    text += decoder.decode(part.value, { stream: true });
  }
  return text;
}
