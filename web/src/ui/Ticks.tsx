/** Plain text in which names are between backticks, as the server writes them. */
export function Ticks({ text }: { text: string }) {
  return text.split(/`([^`\n]+)`/).map((part, index) =>
    index % 2 === 1 ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: the parts have nothing but their place
      <code key={index} className="rounded-[4px] bg-surface-3/70 px-1 text-[0.92em]">
        {part}
      </code>
    ) : (
      part
    ),
  );
}
