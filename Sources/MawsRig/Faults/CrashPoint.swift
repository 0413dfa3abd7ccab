import MawsProtocol

/// A place in a process's work at which it may die.
enum CrashPoint: Hashable {
    case coordinator(CoordinatorStep, isDone: Bool)
    case shard(ShardStep, isDone: Bool)
    /// A write on the thread that decides; a checkpoint that has its name.
    case written
    case published
    case trainer
}

/// What a coordinator does, by name.
enum CoordinatorStep: Int, CaseIterable {
    case send, welcome, refuse, configure, restore, rollBack, findCheckpoint, prepareStage, decide, takeCheckpoint
    case giveUpCheckpoint
    case record, excludeSample, keepTerm, stepFinished, stageFinished, runFinished, runFailed, runStopped, say
}

/// What a server does, by name.
enum ShardStep: Int, CaseIterable {
    case createState, openState, discardState, dropStep, sealRestored, combine, drop, storeBlock, sealReduced, apply
    /// One chunk of the next version.
    case change
    case dropReaders, send, askRestore, report, abandonCoordinator
    case freeze, release, thaw
}

extension CoordinatorNode {
    static func name(_ action: CoordinatorAction) -> CoordinatorStep {
        switch action {
        case .send: .send
        case .welcome: .welcome
        case .refuse: .refuse
        case .configure: .configure
        case .restore: .restore
        case .rollBack: .rollBack
        case .findCheckpoint: .findCheckpoint
        case .prepareStage: .prepareStage
        case .decide: .decide
        case .takeCheckpoint: .takeCheckpoint
        case .giveUpCheckpoint: .giveUpCheckpoint
        case .record: .record
        case .excludeSample: .excludeSample
        case .keepTerm: .keepTerm
        case .stepFinished: .stepFinished
        case .stageFinished: .stageFinished
        case .runFinished: .runFinished
        case .runFailed: .runFailed
        case .runStopped: .runStopped
        case .note, .remark, .fault: .say
        }
    }
}

extension ServerHost {
    static func name(_ action: ShardAction) -> ShardStep {
        switch action {
        case .createState: .createState
        case .openState: .openState
        case .discardState: .discardState
        case .dropStep: .dropStep
        case .sealRestored: .sealRestored
        case .combine: .combine
        case .drop: .drop
        case .storeBlock: .storeBlock
        case .sealReduced: .sealReduced
        case .apply: .apply
        case .dropReaders: .dropReaders
        case .send: .send
        case .askRestore: .askRestore
        case .report: .report
        case .abandonCoordinator: .abandonCoordinator
        case .freeze: .freeze
        case .release: .release
        case .thaw: .thaw
        }
    }
}
