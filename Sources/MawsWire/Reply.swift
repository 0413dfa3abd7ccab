import MawsBase

/// What a message of a server answers, and under which term: a leftover of an aborted request, an older term or an
/// older state is known by it, and never counts.
///
/// To the coordinator `restored`, `reduced`, `applied` and an `unavailable` that answers no `snapshot` say the number
/// of the newest `configure`: they speak of the state that it made.
package struct Reply: Hashable, Sendable {
    /// Newest term that the server was configured under.
    package var term: Term
    package var request: RequestNumber

    package init(term: Term, request: RequestNumber) { (self.term, self.request) = (term, request) }
}

extension Message {
    /// What a server's message answers; nil for messages of others, for its hello and its heartbeats.
    package var reply: Reply? {
        switch self {
        case .restored(let reply, _, _), .applied(let reply, _, _), .snapshotSlice(let reply, _),
            .gathered(let reply, _, _, _, _), .unavailable(let reply, _), .flushed(let reply, _, _),
            .sharedRows(let reply, _), .linkState(let reply, _), .restoreRequest(let reply, _):
            reply
        case .reduced(let reduced): reduced.reply
        default: nil
        }
    }
}
