import MawsBase
import MawsProtocol
import MawsWire

/// Finds out what became of a silent server whose connection still stands, where trainers reach it.
final class HolderCheck {
    private static let pauseSeconds = 0.25
    private static let askSeconds = 2.0

    private unowned let node: CoordinatorNode
    private let world: World
    /// Checks under way, and whether another one was asked for meanwhile.
    private var underWay: [PeerID: Bool] = [:]

    init(_ node: CoordinatorNode) { (self.node, world) = (node, node.world) }

    func begin(_ holder: Peer) {
        guard let address = holder.listens else { return }
        guard underWay[holder.id] == nil else { return underWay[holder.id] = true }
        underWay[holder.id] = false
        look(holder, address, since: world.now, longest: CoordinatorCore.silentServerSeconds)
    }

    private func finish(_ holder: Peer, _ address: Address) {
        guard underWay[holder.id] == true else { return underWay[holder.id] = nil }
        underWay[holder.id] = false
        look(holder, address, since: world.now, longest: CoordinatorCore.silentServerSeconds)
    }

    private func look(_ holder: Peer, _ address: Address, since: Moment, longest: Double) {
        guard world.now.seconds(since: since) < CoordinatorNode.heartbeatTimeoutSeconds else {
            return finish(holder, address)
        }
        world.after(Self.pauseSeconds, node.process) { [self] in
            let silence = holder.end.silentSeconds
            guard silence >= longest else { return finish(holder, address) }
            find(holder.origin, address) { [self] finding in
                let loss = LineRule.loss(
                    finding, silentSeconds: silence, holder.end.silentSeconds, isHeldUp: false)
                guard let loss else { return look(holder, address, since: since, longest: silence) }
                let network = NetworkAddress(host: "\(address.host)", port: address.port)
                node.post(.lost(holder.id, .gone(loss, silentSeconds: silence, at: network)))
                finish(holder, address)
            }
        }
    }

    /// What is there in place of the process with this origin.
    private func find(_ origin: UInt64, _ address: Address, _ body: @escaping (LineRule.Finding) -> Void) {
        let credentials = node.credentials
        world.network.dial(node.process, credentials, address, timeoutSeconds: Self.askSeconds) { dialed in
            switch dialed {
            case .refused: body(.nobody)
            case .timedOut: body(.noAnswer)
            case .line(let end):
                end.send(.linkRequest(origin: origin))
                end.receive(timeoutSeconds: Self.askSeconds) { received in
                    end.close()
                    guard case .letter(let letter) = received, case .linkState(_, let state) = letter.message else {
                        return body(.noAnswer)
                    }
                    body(state.isOpen ? .theProcess : .anotherProcess)
                }
            }
        }
    }
}
