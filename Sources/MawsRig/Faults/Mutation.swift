/// A mistake that the rig's shells make on purpose, so that whoever looks at the oracle sees what it finds. The
/// product's cores know nothing of them.
package enum Mutation: String, CaseIterable, Sendable {
    // Sums.
    case sumInOtherOrder = "sum-in-other-order"
    case countDuplicate = "count-duplicate"
    case leaveUnitOut = "leave-unit-out"
    case unboundedMemory = "unbounded-memory"

    // What counts.
    case doneBeforeFlush = "done-before-flush"
    case believeWithoutReceipts = "believe-without-receipts"
    case believeOldReplies = "believe-old-replies"
    case forgetTerm = "forget-term"

    // Commits.
    case acknowledgeBeforeSync = "acknowledge-before-sync"
    case commitUnwritten = "commit-unwritten"
    case forgetRollBack = "forget-roll-back"
    case forgetLastCommit = "forget-last-commit"
    case ignoreLock = "ignore-lock"
    case otherClipScale = "other-clip-scale"

    // A server's state.
    case forgetJournal = "forget-journal"
    case applyPartly = "apply-partly"
    case endRequestsEarly = "end-requests-early"
    case claimReduced = "claim-reduced"
    case believeOtherBoot = "believe-other-boot"
    case serveDamaged = "serve-damaged"
    case serveOtherVersion = "serve-other-version"

    // Checkpoints and restores.
    case countLeftoverSlice = "count-leftover-slice"
    case checkpointWithoutSlots = "checkpoint-without-slots"
    case loseRestoredSlice = "lose-restored-slice"
    case restoreOlder = "restore-older"
    case restoreDamaged = "restore-damaged"
    case pruneFinals = "prune-finals"
    case forgetLostServer = "forget-lost-server"

    // Trainers.
    case keepOldWeights = "keep-old-weights"
}
