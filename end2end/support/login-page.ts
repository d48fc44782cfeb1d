// The login page.

import { type Locator, type Page, expect } from '@playwright/test';

export class LoginPage {
  readonly nickname: Locator;
  readonly comeIn: Locator;
  readonly problem: Locator;
  readonly otherLanguage: Locator;

  constructor(readonly page: Page) {
    this.nickname = page.locator('#nickname');
    this.comeIn = page.locator('.login__enter');
    this.problem = page.getByRole('alert');
    this.otherLanguage = page.locator('.language button');
  }

  async logInAs(nickname: string): Promise<void> {
    await this.nickname.fill(nickname);
    await this.comeIn.click();
  }

  /** Expects the page to stay and show this error. */
  async refusesWith(sentence: string): Promise<void> {
    await expect(this.problem).toHaveText(sentence);
    await expect(this.nickname).toHaveAttribute('aria-invalid', 'true');
    await expect(this.comeIn).toBeVisible();
  }
}
