// ImageNet's classes, and the look-ups of class-list.ts with ImageNet as the default list. The 17
// sensitive classes are those that the authors inspected by hand.

import * as list from './class-list.ts'
import { imagenetNames } from './imagenet-classes.ts'

export type { ClassInfo, ClassList } from './class-list.ts'

/** ImageNet's 1000 classes; the sensitive ones are those of the model card's red-teaming section. */
export const imagenet: list.ClassList = {
  name: 'ImageNet',
  labels: imagenetNames,
  sensitive: new Set([7, 403, 413, 445, 459, 465, 471, 491, 597, 652, 655, 657, 666, 680, 744, 763, 895]),
}

/**
 * Name and synonyms of a class.
 * @throws UsageError when the list has no such id
 * @example
 * classInfo(207).name // 'golden retriever'
 */
export const classInfo = (id: number, classes: list.ClassList = imagenet): list.ClassInfo => list.classInfo(id, classes)

/**
 * The id of one class, by id, name, synonym or part of one.
 * @throws UsageError when nothing matches or several classes do
 * @example
 * resolveClass('Golden_Retriever') // 207
 */
export const resolveClass = (label: string | number, classes: list.ClassList = imagenet): number =>
  list.resolveClass(label, classes)

/**
 * Class ids from a list of ids, ranges and names.
 * @throws UsageError as `resolveClass`, and on a range that runs backwards
 * @example
 * resolveClasses('207, 0-2, goldfish') // [207, 0, 1, 2, 1]
 */
export const resolveClasses = (
  spec: string | number | readonly (string | number)[],
  classes: list.ClassList = imagenet,
): number[] => list.resolveClasses(spec, classes)
