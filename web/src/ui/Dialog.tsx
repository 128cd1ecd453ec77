import { X } from "lucide-react";
import { type ReactNode, useEffect, useId, useRef, useState } from "react";
import { cx } from "@/lib/cx";
import { Button, IconButton } from "./Button";
import { ErrorBox } from "./ErrorBox";
import { useUnsaved } from "./unsaved";

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
  /** Something was typed that would be lost: closing it, but for a button inside, asks first. */
  unsaved?: boolean;
}

/** A modal dialog: the browser keeps the focus inside, closes it with Escape and gives the focus back. */
export function Dialog({ title, onClose, children, wide = false, unsaved = false }: Props) {
  const ref = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  const { ask, question } = useUnsaved(unsaved);
  const close = () => ask(onClose);
  useEffect(() => {
    const dialog = ref.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <>
      <dialog
        ref={ref}
        aria-labelledby={titleId}
        onCancel={(event) => {
          // Giving up the choice of a file bubbles up to here.
          if (event.target !== event.currentTarget) return;
          event.preventDefault();
          close();
        }}
        className={cx(
          "max-h-[min(720px,92dvh)] w-[calc(100vw-24px)] rounded border border-line bg-surface-1 shadow",
          wide ? "max-w-3xl" : "max-w-lg",
        )}
      >
        <header className="flex h-12 items-center justify-between border-b border-line pr-2 pl-4">
          <h2 id={titleId} className="truncate text-base font-semibold">
            {title}
          </h2>
          <IconButton label="Close" onClick={close}>
            <X size={16} />
          </IconButton>
        </header>
        <div className="p-4">{children}</div>
      </dialog>
      {question}
    </>
  );
}

interface ConfirmProps {
  title: string;
  children: ReactNode;
  /** What happens, as a verb: `Delete`. */
  action: string;
  onConfirm: () => Promise<unknown>;
  onClose: () => void;
}

/** Asks before something that cannot be taken back. The safe answer has the focus. */
export function Confirm({ title, children, action, onConfirm, onClose }: ConfirmProps) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await onConfirm();
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <div className="text-soft">{children}</div>
      {error !== null && <ErrorBox error={error} className="mt-3" />}
      <div className="mt-5 flex justify-end gap-2">
        <Button autoFocus onClick={onClose}>
          Cancel
        </Button>
        <Button look="danger" busy={busy} onClick={confirm}>
          {action}
        </Button>
      </div>
    </Dialog>
  );
}
