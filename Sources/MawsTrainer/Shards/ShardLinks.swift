import Foundation
import MawsBase
import MawsTransport
import MawsWire

/// Who this trainer is towards the shards.
package struct ShardGreeting: Sendable {
    package var identity: TLSIdentity
    package var hello: Hello
    /// Identity of the run the shards must serve.
    package var runID: String

    package init(identity: TLSIdentity, hello: Hello, runID: String) {
        self.identity = identity
        self.hello = hello
        self.runID = runID
    }
}

/// A gather and a push channel to every shard.
package final class ShardLinks: Sendable {
    private struct State {
        var roster: Roster?
        var greeting: ShardGreeting?
        var gathers: [ShardChannel] = []
        var pushes: [ShardChannel] = []
        var isEnded = false
    }

    let timeouts: ShardTimeouts
    private let state = Monitor(State())

    package init(timeouts: ShardTimeouts) {
        self.timeouts = timeouts
        startThread("links") { [weak self] in
            while let links = self, !links.state.with({ $0.isEnded }) {
                links.look()
                Thread.sleep(forTimeInterval: Self.lookSeconds)
            }
        }
    }

    private static let lookSeconds = 1.0

    private func look() {
        let now = Moment.now()
        for channel in state.with({ $0.gathers + $0.pushes }) { channel.look(at: now) }
    }

    /// Takes the shards' newest addresses. Channels to unchanged addresses stay as they are unless the greeting's run
    /// or term changed.
    package func use(_ roster: Roster, greeting: ShardGreeting) {
        guard let count = roster.servers.first?.shard.count else { return }
        state.with { state in
            let isSame = state.greeting?.runID == greeting.runID && state.greeting?.hello.term == greeting.hello.term
            if state.gathers.count != count {
                for channel in state.gathers + state.pushes { channel.end() }
                state.gathers = Self.channels(count, "gather")
                state.pushes = Self.channels(count, "push")
                state.roster = nil
            }
            for index in 0..<count {
                let address = roster.servers.first { $0.shard.index == index }
                let previous = state.roster?.servers.first { $0.shard.index == index }
                if isSame, address == previous { continue }
                let dial = address.map { Self.dial($0, greeting, timeouts) }
                state.gathers[index].use(dial)
                state.pushes[index].use(dial)
            }
            state.roster = roster
            state.greeting = greeting
        }
    }

    /// Shards of the run.
    package func shardCount() throws -> Int {
        let count = state.with { $0.gathers.count }
        guard count > 0 else { throw TrainerError.noRoster }
        return count
    }

    func gather(_ shard: Int, _ job: any ShardJob) throws { try channel(\.gathers, shard).submit(job) }
    func push(_ shard: Int, _ job: any ShardJob) throws { try channel(\.pushes, shard).submit(job) }

    /// Breaks off everything under way: whoever waits for a job learns of it, and the next job dials anew.
    package func drop(_ reason: String) {
        for channel in state.with({ $0.gathers + $0.pushes }) { channel.drop(TrainerError.cancelled(reason)) }
    }

    /// Ends all threads.
    package func end() {
        state.with { $0.isEnded = true }
        for channel in state.with({ $0.gathers + $0.pushes }) { channel.end() }
    }

    private func channel(_ kind: KeyPath<State, [ShardChannel]>, _ shard: Int) throws -> ShardChannel {
        try state.with { state in
            guard shard < state[keyPath: kind].count else { throw TrainerError.noRoster }
            return state[keyPath: kind][shard]
        }
    }

    private static func channels(_ count: Int, _ purpose: String) -> [ShardChannel] {
        (0..<count).map { ShardChannel(shard: ShardIdentity(index: $0, count: count), purpose: purpose) }
    }

    private static func dial(
        _ address: ServerAddress, _ greeting: ShardGreeting, _ timeouts: ShardTimeouts
    ) -> @Sendable () throws -> ShardLink {
        {
            let connection = try Connection.connect(
                host: address.host, port: address.port, identity: greeting.identity, expecting: .server,
                timeoutSeconds: timeouts.connectSeconds)
            do {
                return try ShardLink(
                    shard: address.shard, connection: connection, hello: greeting.hello, runID: greeting.runID,
                    answerSeconds: timeouts.answerSeconds)
            } catch {
                connection.close()
                throw error
            }
        }
    }
}
