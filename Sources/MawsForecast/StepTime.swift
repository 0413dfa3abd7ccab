import MawsBase
import MawsPlan
import MawsTraining

/// The parts of a step's time. Trainers keep all cores of their machine at work, so that whatever else is done there,
/// by servers too where they are local, takes time from the computation and is added to it.
extension UnitTiming {
    /// What a trainer computes in a step, or its part of an evaluation.
    func seconds(images: Int, _ stage: StagePlan, _ machine: ForecastMachine) -> Double {
        let units = Double((images + stage.unit - 1) / stage.unit)
        let own = units / Double(machine.trainersAtOnce)
        return first + (stage.trains ? own.rounded(.up) - 1 : max(0, own - 1)) * other
    }
}

extension UnitTiming {
    /// Trainers' waiting for the last of them at the end of each phase of a step.
    ///
    /// What is done beside the computation falls on their cores unevenly: of work that is cut at random the largest of
    /// n parts is 1 + 1/2 + … + 1/n times the mean. In the quickstart's stages the earlier of two trainers waited for
    /// as long. None waits for longer than another's unit takes.
    /// - Parameter work: seconds that all cores are busy with something else.
    func waitingSeconds(beside work: Double, _ definition: any StageDefinition, _ machine: ForecastMachine) -> Double {
        let largest = (1...machine.trainersAtOnce).reduce(0) { $0 + 1 / Double($1) }
        let phases = Double(definition.phases.countOfEach)
        return phases * min((largest - 1) * work, other)
    }
}

extension ForecastMachine {
    func seconds(reading images: Int, secondsPerImage: Double) -> Double {
        Double(images) * secondsPerImage / Double(cores)
    }

    /// The measured connection keeps a core at work at each end.
    func seconds(onWire bytes: Int) -> Double {
        guard wireRate > 0 else { return 0 }
        return Double(bytes) / wireRate * (isLocal ? 2 / Double(cores) : 1)
    }

    /// A unit's gradient is read and added (12 bytes an element), their sum is copied into the state and squared (12),
    /// and the optimizer reads weights, gradient and slots and writes weights and slots. Slots in fewer bits cost it
    /// arithmetic: AdamW 2.8 and 5 times the time of fp32 on AVX-512 (`maws-bench update`), and each of its two slots
    /// half of that.
    func seconds(updating stage: StagePlan, _ cost: StageCost) -> Double {
        guard stage.trains, memoryRate > 0 else { return 0 }
        let slots = stage.recipe?.optimizer.slots ?? []
        let update = slots.reduce(12.0) { bytes, slot in
            switch slot.encoding {
            case .fp32: bytes + 8
            case .bf16: bytes + (2.8 * 28 - 12) / 2
            case .int8, .uint8: bytes + (5 * 28 - 12) / 2
            }
        }
        return Double(cost.trainable) * (12 * Double(stage.unitsPerStep) + update) / memoryRate
    }
}
