import Foundation
import MawsBase
import MawsKernels
import MawsPlan
import MawsTensor

/// What a forecast knows of the machines: that all are like this one, which is measured.
package struct ForecastMachine: Sendable {
    package let compute: ComputeKind
    let operands: ElementType
    /// Trainers of a local cluster; 1 where any number may come.
    package let trainers: Int
    /// Compute threads of each.
    package let threads: Int
    let cores: Int
    /// Whether servers and trainers share these cores.
    let isLocal: Bool
    /// Floating-point operations a second of large products in the plan's precision, on all trainers' threads together.
    package let productRate: Double
    /// Bytes a second that one TLS connection on loopback carries, both ends on cores of their own.
    let wireRate: Double
    /// Bytes a second that adding up long gradients reads and writes, on all cores.
    let memoryRate: Double
    /// Seconds until a commit is durable.
    let commitSeconds: Double
    /// Bytes of a process that has the data open, without any tensor.
    let processBytes: Int
    /// Memory that the system has free.
    package let freeBytes: Int

    /// Measures this machine; about a second. The data of the plan should be open already: trainers and the coordinator
    /// hold it too.
    /// - Parameter cores: of this machine; more threads than those compute no faster.
    package init(measuredFor plan: Plan, cores: Int) {
        self.cores = cores
        isLocal = plan.cluster.isLocal
        operands = plan.precision == .bf16 ? .bfloat16 : .float32
        compute = plan.cluster.compute ?? ComputeBackend.fastestKind
        (trainers, threads) = plan.cluster.isLocal ? (plan.cluster.trainers, plan.cluster.threads) : (1, cores)
        // The heap is measured before anything large is in it, the code when all that trainers use is there.
        let heap = ResidentMemory.ofThisProcess.heapBytes
        let backend = ComputeBackend.make(compute, threads: min(cores, trainers * threads), operands: operands)
        productRate = backend?.productRate(now: Moment.now) ?? 0
        wireRate = (try? WireRate.measure()) ?? 0
        memoryRate = MemoryRate.measure(threads: cores)
        commitSeconds = (try? CommitTime.measure(runFolder: plan.run)) ?? 0
        processBytes = heap + ResidentMemory.ofThisProcess.codeBytes
        freeBytes = SystemFields(path: "/proc/meminfo").bytes("MemAvailable:") ?? .max
    }

    /// Trainers that compute at the same time on one machine: each has its threads, or waits for another's.
    var trainersAtOnce: Int { max(1, min(trainers, cores / threads)) }
}

/// What the system says of a process's resident memory.
struct ResidentMemory {
    /// Bytes of files that are resident: the program and its libraries.
    let codeBytes: Int
    let heapBytes: Int

    static var ofThisProcess: ResidentMemory {
        let status = SystemFields(path: "/proc/self/status")
        return ResidentMemory(
            codeBytes: status.bytes("RssFile:") ?? 0, heapBytes: status.bytes("RssAnon:") ?? 0)
    }
}

/// A file of lines such as `RssAnon:  1234 kB`.
private struct SystemFields {
    private let fields: [[Substring]]

    init(path: String) {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        fields = text.split(separator: "\n").map { $0.split(whereSeparator: \.isWhitespace) }
    }

    func bytes(_ name: String) -> Int? {
        fields.first { $0.first == name[...] && $0.count > 1 }.flatMap { Int($0[1]) }.map { $0 << 10 }
    }
}
