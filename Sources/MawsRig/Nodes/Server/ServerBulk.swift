import MawsBase
import MawsProtocol
import MawsWire

/// A server's connection to the coordinator on which tensors travel, opened beside the one for orders and again for as
/// long as that stands.
final class ServerBulk {
    private static let timeoutSeconds = 10.0

    private let host: ServerHost
    private let world: World
    private let orders: LineEnd
    private let dial: (_ seconds: Double, @escaping (Dialed) -> Void) -> Void
    private var end: LineEnd?
    private var isEnded = false
    private var pause = 0.25

    init(
        _ host: ServerHost, orders: LineEnd, dial: @escaping (_ seconds: Double, @escaping (Dialed) -> Void) -> Void
    ) {
        (self.host, world, self.orders, self.dial) = (host, host.world, orders, dial)
    }

    func begin() {
        guard !isEnded else { return }
        dial(Self.timeoutSeconds) { [self] dialed in
            guard case .line(let end) = dialed else { return openAgain(wasOpen: false) }
            guard !isEnded else { return end.close() }
            self.end = end
            end.send(.bulk(origin: host.origin))
            end.receive(timeoutSeconds: Self.timeoutSeconds) { [self] received in
                guard case .letter(let letter) = received, case .welcome = letter.message else {
                    end.close()
                    return openAgain(wasOpen: false)
                }
                host.bulk = end
                host.handle(.bulkOpened) { _ in self.follow(end) }
            }
        }
    }

    func end(_ isOver: Bool = true) {
        isEnded = isOver
        end?.close()
    }

    private func openAgain(wasOpen: Bool) {
        guard !isEnded else { return }
        pause = wasOpen ? 0.25 : min(2 * pause, 1)
        world.after(pause, host.process) { self.begin() }
    }

    private func leave(_ end: LineEnd) {
        end.close()
        if host.bulk === end {
            host.bulk = nil
            _ = host.step(.bulkClosed)
        }
        openAgain(wasOpen: true)
    }

    private func follow(_ end: LineEnd) {
        end.receive(timeoutSeconds: Self.timeoutSeconds) { [self] received in
            guard case .letter(let letter) = received else { return leave(end) }
            obey(letter, end) { [self] breach in
                guard let breach else { return follow(end) }
                world.oracle.breach(breach, by: "coordinator", at: host.process.name)
                leave(end)
            }
        }
    }

    private func obey(_ letter: Letter, _ end: LineEnd, _ body: @escaping (String?) -> Void) {
        switch letter.message {
        case .restore(let request, let slice): restore(request, slice, letter.cells, body)
        case .restoreDone(let request, let stage, let step):
            host.inTurn { [self] done in
                host.handle(.restoreDone(request, stage: stage, step: step)) { actions in
                    done()
                    body(Self.breach(actions))
                }
            }
        case .snapshot(let request, let slice): answer(request, slice, end) { body(nil) }
        case .sliceKept(let request, let slice):
            host.inTurn { [self] done in
                host.handle(.sliceKept(request, slice)) { _ in
                    done()
                    body(nil)
                }
            }
        case .heartbeat: body(nil)
        case .refused: body("refused")
        default: body("\(letter.message)")
        }
    }

    private static func breach(_ actions: [ShardLockedAction]) -> String? {
        for case .breakOff(let breach) in actions { return "\(breach)" }
        return nil
    }

    private func restore(
        _ request: RequestNumber, _ slice: TensorSlice, _ cells: [Cell], _ body: @escaping (String?) -> Void
    ) {
        host.inTurn { [self] done in
            host.handle(.restoreAnnounced(request, slice)) { [self] actions in
                done()
                guard case .receiveSlice(let generation, _)? = actions.first, let memory = host.memory(generation)
                else {
                    return body(Self.breach(actions))
                }
                world.after(world.workSeconds(host.process, 0.0001...0.003), host.process) { [self] in
                    let isLost = world.tampering.does(.loseRestoredSlice) && slice.block == 1
                    if !isLost { memory.file.restore(slice, cells) }
                    host.inTurn { [self] done in
                        host.handle(.restoreReceived(generation, slice)) { _ in
                            done()
                            body(nil)
                        }
                    }
                }
            }
        }
    }

    /// Orders wait for the copy of a slice and not for its way.
    private func answer(
        _ request: RequestNumber, _ slice: TensorSlice, _ end: LineEnd, _ body: @escaping () -> Void
    ) {
        host.inTurn { [self] done in
            host.ask(end, request, { .snapshotRequested($0, slice) }) { [self] answer, memory, reply, through in
                let letter = copy(answer, memory, reply)
                through()
                done()
                guard let letter else { return body() }
                if letter.payloadCount > 0, end.send(letter, taken: body) { return }
                if letter.payloadCount == 0 { end.send(letter) }
                body()
            }
        }
    }

    private func copy(_ answer: ShardLockedAction, _ memory: ServerMemory?, _ reply: Reply) -> Letter? {
        if case .serveFrozen(_, let slice) = answer {
            guard let cells = host.frozen?.cells[slice], let memory else {
                return Letter(.unavailable(reply, "lack"))
            }
            return Letter(.snapshotSlice(reply, slice), cells, payloadCount: memory.bytes(Int(slice.block)))
        }
        guard case .serve(_, let slice) = answer, let memory else { return Letter(.unavailable(reply, "lack")) }
        guard !memory.file.isDamaged else {
            host.foundDamage(in: memory)
            return nil
        }
        guard let cells = memory.file.read(slice) else {
            world.oracle.torn("\(host.process.name) copies \(slice) and has another version there")
            return nil
        }
        return Letter(.snapshotSlice(reply, slice), cells, payloadCount: memory.bytes(Int(slice.block)))
    }
}
