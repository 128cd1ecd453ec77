import { ArrowUp, CornerDownRight, MessageCircleQuestion, Paperclip, Square, X } from "lucide-react";
import {
  type ClipboardEvent,
  type KeyboardEvent,
  useEffect,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { cx } from "@/lib/cx";
import { useKeys } from "@/lib/hooks";
import { closeProblem, useLive } from "@/live/store";
import { IconButton } from "@/ui/Button";
import { Ticks } from "@/ui/Ticks";
import { AttachmentChips } from "./AttachmentChips";
import { type Attachments, useDrop } from "./attachments";
import { CommandList } from "./CommandList";
import { ModelPicker } from "./ModelPicker";
import { complete } from "./slash";

interface Props {
  text: string;
  onText: (text: string) => void;
  /** Says whether the text was taken; what was not stays. */
  onSend: (text: string) => boolean | Promise<boolean>;
  onStop?: (() => void) | undefined;
  busy: boolean;
  model: string | null;
  onModel: (model: string | null) => void;
  files: Attachments;
  /** Whether what is sent is a question beside the conversation; nothing where there are none. */
  aside?: { on: boolean; toggle: () => void } | undefined;
}

/** As in the server: more is refused there. */
const BYTES_MAX = 200_000;
const HEIGHT_MAX_PX = 240;

/** Where messages and commands are written. */
export function Composer({ text, onText, onSend, onStop, busy, model, onModel, files, aside }: Props) {
  const area = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const listId = useId();
  const online = useLive((state) => state.status === "online");
  const commands = useLive((state) => state.commands);
  const [chosen, setChosen] = useState(0);
  const [dismissed, setDismissed] = useState("");
  const beside = aside?.on ?? false;
  const matches = dismissed === text || beside ? [] : complete(commands, text);
  const index = Math.min(chosen, matches.length - 1);
  const blocked = text.trim() === "" || !online || (!beside && !files.ready);
  const over = useDrop(beside ? undefined : files.add);

  // biome-ignore lint/correctness/useExhaustiveDependencies: the height follows the text
  useLayoutEffect(() => {
    const box = area.current;
    if (!box) return;
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, HEIGHT_MAX_PX)}px`;
  }, [text]);
  useEffect(() => {
    if (window.matchMedia("(hover: hover)").matches) area.current?.focus();
  }, []);
  useKeys((event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    if (event.key === "." && busy) onStop?.();
    if (event.key.toLowerCase() === "j") {
      event.preventDefault();
      area.current?.focus();
    }
  });

  const sending = useRef(false);
  const send = async () => {
    if (sending.current || blocked || new Blob([text]).size > BYTES_MAX) return;
    sending.current = true;
    try {
      if (await onSend(text.trim())) {
        onText("");
        closeProblem();
      }
    } finally {
      sending.current = false;
    }
  };
  const pick = (name: string) => {
    onText(`/${name} `);
    area.current?.focus();
  };
  const onPaste = (event: ClipboardEvent) => {
    const pasted = [...event.clipboardData.files];
    if (pasted.length === 0 || beside) return;
    event.preventDefault();
    files.add(pasted);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const match = matches[index];
    if (match) {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step !== undefined) {
        event.preventDefault();
        return setChosen((index + step + matches.length) % matches.length);
      }
      if (event.key === "Tab" || (event.key === "Enter" && !event.shiftKey && text !== `/${match.name}`)) {
        event.preventDefault();
        return pick(match.name);
      }
      if (event.key === "Escape") return setDismissed(text);
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      void send();
    }
  };

  return (
    <div className="relative mx-auto w-full max-w-3xl px-5 pb-4 max-sm:px-3 max-sm:pb-3">
      <ProblemBox />
      {matches.length > 0 && <CommandList id={listId} commands={matches} index={index} onPick={pick} />}
      <div
        className={cx(
          "rounded border bg-surface-1 focus-within:border-accent",
          over ? "border-dashed border-accent bg-accent-soft" : "border-line-strong/60",
          beside && "border-info! border-dashed",
        )}
      >
        {over && <p className="px-3.5 pt-3 text-sm font-medium text-accent">Let go to attach the files</p>}
        {!beside && <AttachmentChips files={files} />}
        <textarea
          ref={area}
          rows={1}
          aria-label="Message"
          aria-controls={matches.length > 0 ? listId : undefined}
          placeholder={placeholder(busy, beside)}
          value={text}
          onChange={(event) => {
            onText(event.target.value);
            setChosen(0);
          }}
          onKeyDown={onKeyDown}
          onPaste={onPaste}
          className="block w-full resize-none bg-transparent px-3.5 pt-3 pb-1 text-[15px] leading-6 outline-none placeholder:text-faint max-sm:text-lg"
        />
        <div className="flex items-center gap-1 px-2 pb-2">
          <ModelPicker value={model} onChange={onModel} />
          <input
            ref={picker}
            type="file"
            multiple
            hidden
            onChange={(event) => {
              files.add([...(event.target.files ?? [])]);
              event.target.value = "";
            }}
          />
          {!beside && (
            <IconButton label="Attach files" onClick={() => picker.current?.click()}>
              <Paperclip size={16} />
            </IconButton>
          )}
          {aside && (
            <IconButton
              label="Ask beside: the agent is not disturbed"
              aria-pressed={beside}
              className={beside ? "bg-info-soft! text-info!" : undefined}
              onClick={() => {
                aside.toggle();
                area.current?.focus();
              }}
            >
              <MessageCircleQuestion size={16} />
            </IconButton>
          )}
          <span className="min-w-0 flex-1 truncate px-1 text-right text-xs text-faint [@media(hover:none)]:invisible">
            {hint(online, busy, text, beside, files)}
          </span>
          {busy && onStop && (
            <button
              type="button"
              onClick={onStop}
              title="Stop (Ctrl .)"
              className="mr-1 inline-flex h-8 items-center gap-1.5 rounded border border-deny/50 px-2.5 text-sm font-medium text-deny hover:bg-deny-soft"
            >
              <Square size={12} fill="currentColor" aria-hidden="true" /> Stop
            </button>
          )}
          <SendButton blocked={blocked} busy={busy} beside={beside} onSend={() => void send()} />
        </div>
      </div>
    </div>
  );
}

/** What the server refused without saying what it is about. */
function ProblemBox() {
  const problem = useLive((state) => state.problem);
  if (!problem) return null;
  return (
    <div
      role="alert"
      className="mb-2 flex items-start gap-2 rounded border border-deny/50 bg-deny-soft py-1 pr-1 pl-3"
    >
      <p className="min-w-0 flex-1 py-1 text-sm [overflow-wrap:anywhere]">
        <Ticks text={problem.text} />
        {problem.requestId && (
          <span className="mono block text-xs text-soft">request {problem.requestId}</span>
        )}
      </p>
      <IconButton label="Close the message" onClick={closeProblem}>
        <X size={14} />
      </IconButton>
    </div>
  );
}

function SendButton({
  blocked,
  busy,
  beside,
  onSend,
}: {
  blocked: boolean;
  busy: boolean;
  beside: boolean;
  onSend: () => void;
}) {
  const word = beside ? "Ask beside" : busy ? "Steer" : "Send";
  return (
    <button
      type="button"
      onClick={onSend}
      disabled={blocked}
      aria-label={word}
      title={`${word} (Enter)`}
      className="inline-flex size-8 items-center justify-center rounded bg-accent text-on-accent hover:bg-accent-strong disabled:bg-surface-3 disabled:text-faint"
    >
      {beside ? (
        <MessageCircleQuestion size={16} />
      ) : busy ? (
        <CornerDownRight size={16} />
      ) : (
        <ArrowUp size={17} />
      )}
    </button>
  );
}

function placeholder(busy: boolean, beside: boolean): string {
  if (beside) return "Ask about the work, without disturbing it";
  return busy ? "Steer the agent while it works" : "Message, or / for commands";
}

function hint(online: boolean, busy: boolean, text: string, beside: boolean, files: Attachments): string {
  if (!online) return "Waiting for the connection; what you write is kept";
  if (new Blob([text]).size > BYTES_MAX) return "Too long: put it into a file and name the file";
  if (beside) return "Enter asks; the answer is beside the conversation";
  if (files.list.some((one) => one.problem !== undefined)) return "Remove the file that was not taken";
  if (!files.ready) return "Waiting for the files";
  return busy ? "Enter steers" : "Enter sends, Shift Enter begins a line";
}
