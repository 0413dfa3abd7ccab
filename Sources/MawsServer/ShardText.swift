import MawsBase
import MawsProtocol
import MawsWire

/// The sentences that a server says of its shard: its peers and its log get them.
extension ShardLack {
    /// - Parameter shard: the one that lacks it.
    package func sentence(of shard: ShardIdentity) -> String {
        switch self {
        case .noState: "shard \(shard) has no state yet"
        case .otherState: "shard \(shard) was given a new state meanwhile"
        case .lostState: "the shard has lost its state"
        case .otherStep(let own, let sent):
            "shard \(shard) is at version \(own.step.value) of the plan's stage \(own.stage.value + 1), not yet at "
                + "step \(sent.step.value) of its stage \(sent.stage.value + 1)"
        case .otherTerm(let own, let sent): "shard \(shard) works under term \(own.value), not \(sent.value)"
        case .noBlock(let block): "shard \(shard) has no block \(block) of that stage"
        case .noPart(let part, let block): "shard \(shard) has no \(part) of block \(block)"
        case .noVersion(let step, let newest):
            "version \(step.value) is not at shard \(shard), whose newest is \(newest.value)"
        case .lateVersion(let step, let seconds):
            "version \(step.value) did not come to shard \(shard) in \(Int(seconds)) s"
        case .noRows(let step): "shard \(shard) has no rows of step \(step.value)"
        case .noMemory: "shard \(shard) has no memory for more gradients now"
        case .noUnits(let flush): "shard \(shard) has not all of \(flush.units)"
        }
    }
}

extension ShardBreach {
    /// - Parameter shard: the one whose peer it is.
    package func sentence(at shard: ShardIdentity) -> String {
        switch self {
        case .noPayloadDue: "it sent a payload where none belongs"
        case .notForServers: "it sent a message that is not for servers"
        case .notDue: "it sent what is not due"
        case .noHello: "its first message is not hello"
        case .otherVersion: "shard \(shard) serves trainers of protocol version \(ProtocolVersion.current)"
        case .noSuchUnits(let push):
            "it pushes \(push.unitsOfBlock) of block \(push.block), which no plan has"
        case .noSuchRows(let unitRows, let count):
            "it shares \(count) bytes of \(unitRows.name), which no unit of this stage has"
        case .pushNotLeased(let push): "it pushes \(push.units), which it was not leased"
        case .rowsNotLeased(let unitRows): "it shares \(unitRows.name), which it was not leased"
        case .flushNotLeased(let flush): "it flushes \(flush.units), which it was not leased"
        case .notForOrders: "it sent a message that does not belong on the connection for orders"
        case .notForTensors: "it sent a message that does not belong on the connection for tensors"
        case .foreignSlice: "it restores a slice that does not belong to the configured stage"
        case .endWithoutRestore: "it ends a restore that did not begin"
        case .endWithout(let part, let block): "it ends a restore without the \(part) of block \(block)"
        case .endAtOtherStep: "it ends a restore at another step than it began"
        }
    }
}

extension CoordinatorConflict: CustomStringConvertible {
    package var description: String {
        switch self {
        case .foreignCommit: "it committed under another term or stage than it configured"
        case .otherCommit(let step, let own, let isReduced):
            "it committed step \(step.value) and this shard is at version \(own.value)"
                + (isReduced ? "" : ", not reduced")
        case .olderTerm(let term, let newest): "it works under term \(term.value), newest is \(newest.value)"
        case .unfitState: "the state file is not of the stage that it should be kept for"
        case .damagedState(let damage): damage
        }
    }
}

extension Push {
    fileprivate var units: String { "2^\(level) units from \(unit.value) on of step \(step.value)" }
    fileprivate var unitsOfBlock: String {
        level == 0 ? "unit \(unit.value)" : "2^\(level) units from \(unit.value) on"
    }
}

extension Flush {
    fileprivate var units: String { "2^\(level) units from \(unit.value) on of step \(step.value)" }
}

extension UnitRows {
    fileprivate var name: String { "unit \(unit.value) of step \(step.value)" }
}
