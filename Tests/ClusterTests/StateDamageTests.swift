import Foundation
import MawsState
import Testing

/// A server's state file is damaged; the run must end with the weights of an undisturbed one, and say what it found.
@Suite(.serialized) struct StateDamageTests {
    enum Spot: String, CaseIterable {
        case weight, firstSlot, secondSlot, frozen
    }

    @Test(arguments: Spot.allCases) func aByteFlippedInAKilledServersFileCostsStepsAndNoBits(spot: Spot) throws {
        let cluster = try RemoteCluster(try ClusterRun(), cacheSize: "1G")
        // Frozen weights that count are those of lit, whose image tower is frozen.
        try cluster.run.wait(forSteps: spot == .frozen ? 8 : 3, of: cluster.coordinator)
        var isFlipped = false
        while !isFlipped {
            // Between two stages the file may be one that is not filled yet.
            try cluster.restart(server: 0) { isFlipped = (try? flip(spot, cluster.statePath(0))) != nil }
        }
        #expect(try cluster.finish() == reference.get())
        #expect(cluster.said.contains("shard-0-of-2.state is damaged: the"), "\(cluster.said)")
        let log = try String(contentsOfFile: cluster.run.runFolder + "/logs/coordinator.log", encoding: .utf8)
        #expect(log.contains("server-0 says: ") && log.contains("shard-0-of-2.state is damaged: the"))
    }

    /// Whether an update overwrites the byte before anybody reads it is a matter of luck; the weights are not.
    @Test func bytesFlippedInARunningServersFileReachNoWeight() throws {
        let run = try ClusterRun()
        let program = try run.program()
        try program.start()
        for (steps, spot) in [(1, Spot.weight), (2, .firstSlot), (5, .secondSlot), (8, .frozen)] {
            try run.wait(forSteps: steps, of: program)
            try? flip(spot, run.runFolder + "/state/shard-1-of-2.state")
        }
        #expect(try program.wait() == 0, "\(program.output) \(run.logs())")
        #expect(try run.hashes() == reference.get())
    }

    /// What a server's file held some steps before, over that of the running server: all of it, and pages of it.
    @Test(arguments: [true, false]) func anOlderCopyOverARunningServersFileReachesNoWeight(isWhole: Bool) throws {
        let run = try ClusterRun()
        let program = try run.program()
        try program.start()
        let path = run.runFolder + "/state/shard-1-of-2.state"
        for steps in [2, 5, 8] {
            let copy = try? Data(contentsOf: URL(filePath: path))
            try run.wait(forSteps: steps, of: program)
            guard let copy, let file = FileHandle(forWritingAtPath: path) else { continue }
            defer { try? file.close() }
            guard try file.seekToEnd() == UInt64(copy.count) else { continue }
            for page in stride(from: 0, to: copy.count, by: 4096) where isWhole || page / 4096 % 3 == steps % 3 {
                try file.seek(toOffset: UInt64(page))
                try file.write(contentsOf: copy[page..<min(page + 4096, copy.count)])
            }
        }
        #expect(try program.wait() == 0, "\(program.output) \(run.logs())")
        #expect(try run.hashes() == reference.get())
    }

    /// Changes what the newest version is made of, in the middle of the area: a page's first bytes may be a block's
    /// padding.
    private func flip(_ spot: Spot, _ path: String) throws {
        guard let state = try StateFile.open(path) else { throw CocoaError(.fileNoSuchFile) }
        let shape = state.shape
        let (offset, count) =
            switch spot {
            case .weight: (shape.weightOffset(bank: state.content.activeBank), shape.weightBytes)
            case .firstSlot: (shape.slotsOffset, shape.slotBytes / 2)
            case .secondSlot: (shape.slotsOffset + shape.slotBytes / 2, shape.slotBytes / 2)
            case .frozen: (shape.frozenOffset, shape.frozenBytes)
            }
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        let place = UInt64(offset + count / 2 / 4 * 4 + 2)
        try file.seek(toOffset: place)
        let byte = try #require(try file.read(upToCount: 1)).first ?? 0
        try file.seek(toOffset: place)
        try file.write(contentsOf: Data([byte ^ 0x20]))
        try file.close()
    }
}
