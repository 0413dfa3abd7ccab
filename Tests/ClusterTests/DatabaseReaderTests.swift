import Foundation
import MawsDatabase
import Testing

/// A database that somebody reads while the coordinator is away, and whose log is not what the reader has of it.
@Suite(.serialized) struct DatabaseReaderTests {
    enum Harm: CaseIterable {
        case none, logDeleted, logHalved, logOfAnEarlierTime, indexDeleted
    }

    @Test(arguments: Harm.allCases) func theRunGoesOnWhileAReaderHasIt(harm: Harm) throws {
        let run = try ClusterRun()
        let path = run.runFolder + "/coordinator.sqlite"
        let first = try run.program()
        try first.start()
        try run.wait(forSteps: 2, of: first)
        let earlier = try? Data(contentsOf: URL(filePath: path + "-wal"))
        try run.wait(forSteps: 5, of: first)
        let children = first.children("maws-")
        kill(first.pid, SIGKILL)
        _ = try first.wait()
        while children.contains(where: { kill($0, 0) == 0 }) { Thread.sleep(forTimeInterval: 0.01) }

        // This process is the reader.
        let reader = try RunDatabase(path: path)
        _ = try reader.identity()
        switch harm {
        case .none: break
        case .logDeleted: try FileManager.default.removeItem(atPath: path + "-wal")
        case .logHalved:
            let file = try #require(FileHandle(forUpdatingAtPath: path + "-wal"))
            try file.truncate(atOffset: file.seekToEnd() / 2)
        case .logOfAnEarlierTime: try earlier?.write(to: URL(filePath: path + "-wal"))
        case .indexDeleted: try FileManager.default.removeItem(atPath: path + "-shm")
        }
        #expect(try run.finish() == reference.get())
        let isSaid = try run.coordinatorLog().contains("another process has \(path) open")
        #expect(isSaid == (harm != .indexDeleted))
        withExtendedLifetime(reader) {}
    }
}
