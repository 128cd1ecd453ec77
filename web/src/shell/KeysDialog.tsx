import { useLocation } from "@tanstack/react-router";
import { Dialog } from "@/ui/Dialog";
import { Kbd } from "@/ui/parts";
import { openUi } from "./ui-state";

type Keys = readonly (readonly [string, string])[];

const EVERYWHERE: Keys = [
  ["Ctrl K", "Search everything and run commands"],
  ["Ctrl Shift F", "Search messages; / outside of a text field does the same"],
  ["Ctrl Shift O", "New conversation"],
  ["Ctrl B", "Narrow or widen the sidebar"],
  ["?", "This list"],
  ["Esc", "Close what is open"],
];

const CHAT: Keys = [
  ["Enter", "Send; while the agent works, steer it"],
  ["Shift Enter", "New line"],
  ["/", "In the text field: commands, with completion by Tab"],
  ["1 2 3 4", "Answer a question: once, session, always, deny (with Alt from the text field)"],
  ["Ctrl .", "Stop the agent"],
  ["Ctrl J", "Go to the text field"],
  ["End", "To the newest message"],
];

export function KeysDialog() {
  const { pathname } = useLocation();
  return (
    <Dialog title="Keys" onClose={() => openUi("keys", false)}>
      {pathname.startsWith("/chat") && <List title="Conversation" keys={CHAT} />}
      <List title="Everywhere" keys={EVERYWHERE} />
    </Dialog>
  );
}

function List({ title, keys }: { title: string; keys: Keys }) {
  return (
    <section className="mb-4 last:mb-0">
      <h3 className="mb-1.5 text-xs font-semibold text-soft">{title}</h3>
      <dl className="grid grid-cols-[128px_1fr] gap-y-1.5">
        {keys.map(([key, meaning]) => (
          <div key={key} className="contents">
            <dt className="flex gap-1">
              {key.split(" ").map((part) => (
                <Kbd key={part}>{part}</Kbd>
              ))}
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
