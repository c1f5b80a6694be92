// Opens the two files of LPIPS (Zhang et al. 2018): torchvision's VGG-16 and the weights of its channels. Nothing but
// directories and pickles is read; the graph points at the tensors where they lie.

import { selectStateDict } from '../checkpoint/checkpoint.ts'
import { openFile } from '../checkpoint/node/file-source.ts'
import type { Checkpoint } from '../checkpoint/types.ts'
import { checkTensors } from '../models/check-tensors.ts'
import { lpipsShapes } from '../models/lpips.ts'
import { openWeights, type Weights } from '../models/weights.ts'

export interface OpenedLpips {
  vgg: Weights
  lin: Weights
  close(): Promise<void>
}

const files = {
  vgg: 'The features are those of torchvision: vgg16-397923af.pth.',
  lin: "The channels' weights are vgg.pth of the lpips package (version 0.1).",
} as const

/**
 * Opens LPIPS for gradients with respect to images.
 * @param vgg torchvision's state dict of `vgg16`; its classifier is left alone
 * @param lin `lin0.model.1.weight` .. `lin4.model.1.weight`
 * @throws CheckpointError when a tensor is missing or has another shape
 */
export async function openLpips(vgg: string, lin: string): Promise<OpenedLpips> {
  const checkpoints: Checkpoint[] = []
  const close = async () => void (await Promise.all(checkpoints.map((checkpoint) => checkpoint.close())))
  const shapes = lpipsShapes()
  const open = async (path: string, part: 'vgg' | 'lin'): Promise<Weights> => {
    const checkpoint = await openFile(path)
    checkpoints.push(checkpoint)
    const { tensors } = selectStateDict(checkpoint, ['', 'state_dict'])
    checkTensors(checkpoint.name, tensors, shapes[part], files[part])
    return openWeights(checkpoint.name, tensors, { differentiable: true })
  }
  try {
    return { vgg: await open(vgg, 'vgg'), lin: await open(lin, 'lin'), close }
  } catch (error) {
    await close()
    throw error
  }
}
