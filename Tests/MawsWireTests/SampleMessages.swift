import MawsBase
import MawsWire
import Testing

/// One message of each kind, and more where a kind has several shapes, with a payload where the kind carries one.
struct Sample: Sendable, CustomTestStringConvertible {
    let name: String
    let message: Message
    let payload: [UInt8]

    init(_ name: String, _ message: Message, payload: [UInt8] = []) {
        self.name = name
        self.message = message
        self.payload = payload
    }

    var testDescription: String { name }

    static let all: [Sample] = session + servers + trainers + tensors + viewers
}

private let stage = StageIndex(2)
private let step = StepIndex(1_234_567_890_123)
private let term = Term(9)
private let request = RequestNumber(0x0102_0304_0506_0708)
private let reply = Reply(term: term, request: request)
/// 1, -2.5, 0 and the smallest normal number.
private let floats: [UInt8] = [0, 0, 128, 63, 0, 0, 32, 192, 0, 0, 0, 0, 0, 0, 128, 0]

private let session: [Sample] = [
    Sample(
        "hello-trainer",
        .hello(
            Hello(
                protocolVersion: ProtocolVersion.current, role: .trainer, name: "trainer-0",
                computeProfile: "reference fp32 threads=2",
                dataFingerprint: "sha256:00ff", server: nil, term: Term(0), productRate: 4.08e11,
                origin: 0x0123_4567_89AB_CDEF))),
    Sample(
        "hello-server",
        .hello(
            Hello(
                protocolVersion: ProtocolVersion.current, role: .server, name: "server-1", computeProfile: "",
                dataFingerprint: "",
                server: ServerHello(
                    shard: ShardIdentity(index: 1, count: 2), host: "10.0.0.7", port: 7001, runID: "run-5f",
                    stage: stage, step: step, hasReduced: true), term: term))),
    Sample("welcome", .welcome(Welcome(term: term, plan: Array("{\"seed\":7}".utf8), runID: "run-5f"))),
    Sample(
        "refused", .refused(reason: "the plan has 2 shards, this server is 0/3 — start it as 0/2", mayTryAgain: false)),
    Sample("heartbeat", .heartbeat),
]

private let code = AuthenticationCode(bytes: Array(0..<32))
private let grant = LeaseGrant(
    phase: 1, firstUnit: UnitIndex(2), unitCount: 2, mayBeNonFinite: true, code: code)

private let servers: [Sample] = [
    Sample(
        "configure",
        .configure(
            ServerConfiguration(
                term: term, runID: "run-5f", stage: stage, table: table, unitsPerStep: 8,
                optimizer: OptimizerConfiguration(
                    .adamw(beta1: 0.9, beta2: 0.95, epsilon: 1e-8), weightDecay: 0.05, seed: 7),
                gatherEncoding: .fp32Zstd, keepsState: false, keepsStep: true,
                sharedRows: SharedRowsShape(units: 8, pieceBytes: 512, piecesMin: 0, piecesMax: 64),
                keys: ServerKeys(
                    lease: code, ring: AuthenticationCode(bytes: Array(repeating: 255, count: 32)),
                    own: AuthenticationCode(bytes: Array(repeating: 7, count: 32))),
                request: request))),
    Sample(
        "configure-sgd",
        .configure(
            ServerConfiguration(
                term: term, runID: "run-5f", stage: stage,
                table: BlockTable(blocks: table.blocks, slots: sgd.slots(moments: .bf16)), unitsPerStep: 8,
                optimizer: sgd, gatherEncoding: .fp32, keepsState: true, keepsStep: false))),
    Sample(
        "configure-evaluation",
        .configure(
            ServerConfiguration(
                term: term, runID: "run-5f", stage: stage, table: BlockTable(blocks: [table.blocks[1]]),
                unitsPerStep: 8, optimizer: nil, gatherEncoding: .fp32, keepsState: false))),
    Sample("restore", .restore(request, slice(.slot("exp_avg"))), payload: floats),
    Sample("restore-weight", .restore(request, slice(.weight)), payload: floats),
    Sample("restore-done", .restoreDone(request, stage: stage, step: step)),
    Sample("restored", .restored(reply, stage: stage, step: step)),
    Sample(
        "reduced",
        .reduced(
            Reduced(
                reply, stage: stage, step: step, chunkSquares: [0, 0.125, 1e300], bytesPushed: 4096,
                bytesGathered: 1 << 40))),
    Sample(
        "commit", .commit(Commit(term: term, stage: stage, step: step, learningRate: 1.5e-4, clipScale: 0.75))),
    Sample("applied", .applied(reply, stage: stage, step: step)),
    Sample("snapshot", .snapshot(request, slice(.slot("momentum_buffer")))),
    Sample("snapshot-slice", .snapshotSlice(reply, slice(.slot("ema"))), payload: floats),
    Sample("bulk", .bulk(origin: 0x0123_4567_89AB_CDEF)),
    Sample("restore-request", .restoreRequest(reply, received: 6)),
    Sample("freeze", .freeze(request, stage: stage, step: step)),
    Sample("slice-kept", .sliceKept(request, slice(.slot("exp_avg_sq")))),
    Sample("thaw", .thaw(request)),
]

private let trainers: [Sample] = [
    Sample(
        "roster",
        .roster(
            Roster(servers: [
                ServerAddress(shard: ShardIdentity(index: 0, count: 2), host: "10.0.0.6", port: 7000),
                ServerAddress(shard: ShardIdentity(index: 1, count: 2), host: "ps-1.example.org", port: 65535),
            ]))),
    Sample("lease-request", .leaseRequest(shares: [255, 0, 1])),
    Sample(
        "leases",
        .leases([
            Lease(
                id: 77, term: term, stage: stage, step: step, phase: 1, unit: UnitIndex(2), milliseconds: 30_000,
                excluded: [7, 1 << 40]),
            Lease(
                id: 78, term: term, stage: stage, step: step, phase: 1, unit: UnitIndex(3), milliseconds: 30_000,
                grant: grant),
        ])),
    Sample(
        "unit-done",
        .unitDone(
            UnitDone(
                lease: 77, stage: stage, step: step, phase: 0, unit: UnitIndex(3), loss: 0.0625,
                skipped: ["train-0003.tar/00017.png: not a PNG"], result: Array("{\"top1\":0.5}".utf8),
                computeSeconds: 1.25, waitSeconds: 0.5, isFinite: false, level: 2, receipt: code))),
    Sample("unit-failed", .unitFailed(UnitFailed(lease: 77, reason: "shard 1/2 is away"))),
    Sample(
        "unit-failed-sample",
        .unitFailed(
            UnitFailed(
                lease: 77, reason: "the server is silent",
                sample: LostSample(
                    slot: 99, index: 1 << 33, shard: "http://host/train-0003.tar", member: "00017", offset: 1 << 20,
                    reason: "the server sent 5 bytes instead of 1048576")))),
    Sample("shutdown", .shutdown(isFinished: true, reason: "the run is finished")),
]

private let tensors: [Sample] = [
    Sample("gather", .gather(request, stage: stage, step: step, block: 5)),
    Sample("gathered", .gathered(reply, stage: stage, step: step, block: 5, encoding: .fp32), payload: floats),
    Sample("unavailable", .unavailable(reply, "version 12 is gone; the newest is 14")),
    Sample(
        "push",
        .push(
            Push(term: term, stage: stage, step: step, unit: UnitIndex(3), block: 5, encoding: .fp32, grant: grant)),
        payload: floats),
    Sample(
        "push-of-two-units",
        .push(
            Push(
                term: term, stage: stage, step: step, unit: UnitIndex(2), level: 1, block: 5, encoding: .fp32,
                grant: grant)),
        payload: floats),
    Sample(
        "flush",
        .flush(request, Flush(term: term, stage: stage, step: step, unit: UnitIndex(2), level: 1, grant: grant))),
    Sample("flushed", .flushed(reply, receipt: code)),
    Sample(
        "shareRows", .shareRows(UnitRows(term: term, stage: stage, step: step, unit: UnitIndex(3)), grant),
        payload: floats),
    Sample("gatherRows", .gatherRows(request, stage: stage, step: step)),
    Sample(
        "sharedRows", .sharedRows(reply, UnitRows(term: term, stage: stage, step: step, unit: UnitIndex(3))),
        payload: floats),
    Sample("link-request", .linkRequest(origin: 0x0123_4567_89AB_CDEF)),
    Sample(
        "link-state",
        .linkState(reply, LinkState(isOpen: true, isHeldUp: false, bytesReceived: 1_234_567_890_123, bytesSent: 70))),
]

private let viewers: [Sample] = [
    Sample("status-request", .statusRequest),
    Sample("status", .status(Array("{\"state\":\"running\"}".utf8))),
]

private func slice(_ part: WeightPart) -> TensorSlice { TensorSlice(stage: stage, step: step, block: 5, part: part) }

private let sgd = OptimizerConfiguration(
    .sgd(momentum: 0.9, isNesterov: true), weightDecay: 1e-4,
    average: AverageConfiguration(decay: 0.9999, warmsUp: true), seed: 7)

/// Every initializer, a scalar, and a frozen block.
private let table: BlockTable = {
    var embed = BlockBuilder("embed")
    embed.add("patch_embed.proj.weight", [8, 1, 4, 4], decays: true, .xavierUniform(fanIn: 16, fanOut: 8))
    embed.add("patch_embed.proj.bias", [8], decays: false, .zeros)
    embed.add("cls_token", [1, 1, 8], decays: false, .truncatedNormal(0.02))
    embed.add("mask_token", [1, 1, 8], decays: false, .normal(0.02))
    embed.add("norm.weight", [8], decays: false, .ones)
    embed.add("logit_scale", [], decays: false, .constant(2.6592))
    var position = BlockBuilder("position", isTrainable: false)
    position.add("pos_embed", [1, 50, 8], decays: false, .sineCosine(gridSide: 7))
    return BlockTable(blocks: [embed.build(), position.build()], slots: WeightSlot.adamw(.int8))
}()
