// The models that the fake backend claims to have: those that ship, as a server describes them.
import type { ModelInfo } from '../../web/src/backend/types.ts'

const varModel: ModelInfo = {
  id: 'sprites-var-dd',
  family: 'var',
  imageSize: 32,
  groups: [1, 4, 9, 16, 36, 64],
  classes: 12,
  student: true,
  teacher: true,
  defaultSteps: 1,
  device: 'cpu',
  presets: [
    { steps: 1, timesteps: [0], split: 3 },
    { steps: 2, timesteps: [0, 3], split: 3 },
    { steps: 3, timesteps: [0, 3], split: 3, teacherFrom: 2 },
    { steps: 4, timesteps: [0, 3], split: 3, teacherFrom: 0 },
  ],
}

const llamaGenModel: ModelInfo = {
  ...varModel,
  id: 'sprites-llamagen-dd',
  family: 'llamagen',
  groups: Array<number>(64).fill(1),
  presets: [
    { steps: 1, timesteps: [0], split: 24 },
    { steps: 2, timesteps: [0, 24], split: 24 },
    { steps: 10, timesteps: [0, 24], split: 24, teacherFrom: 16 },
    { steps: 25, timesteps: [0, 24], split: 24, teacherFrom: 0 },
  ],
}

export const fakeModels = [varModel, llamaGenModel]
