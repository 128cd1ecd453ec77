/** A sentence of the server: names are between backticks, and it begins small unless it begins with a name or an address. */
export function Ticks({ text }: { text: string }) {
  return text.split(/`([^`\n]+)`/).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts have nothing but their place
      <code key={index} className="rounded-[4px] bg-surface-3/70 px-1 text-[0.92em]">
        {part}
      </code>
    ) : index === 0 ? (
      /^\S*[/:.]\S/.test(part) ? (
        part
      ) : (
        part.charAt(0).toUpperCase() + part.slice(1)
      )
    ) : (
      part
    ),
  );
}
